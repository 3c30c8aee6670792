/**
 * Replaces `$(NAME)` by the variable's value. What is not set stays as it is written; `$$` is a
 * dollar sign, so `$$(NAME)` is not replaced.
 */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, after: string, name: string | undefined) => {
    if (after === '$') return '$'
    return valueOf(name ?? '') ?? whole
  })
}
