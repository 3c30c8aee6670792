import { tagCharsMax } from './limits.ts'

/** The attributes of HTML that hold one reference each, by element. */
const references: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    a: 'href',
    applet: 'codebase',
    area: 'href',
    audio: 'src',
    base: 'href',
    blockquote: 'cite',
    body: 'background',
    button: 'formaction',
    command: 'icon',
    del: 'cite',
    embed: 'src',
    form: 'action',
    frame: 'longdesc src',
    head: 'profile',
    html: 'manifest',
    iframe: 'longdesc src',
    img: 'longdesc src usemap',
    input: 'src usemap formaction',
    ins: 'cite',
    link: 'href',
    object: 'classid codebase data usemap',
    q: 'cite',
    script: 'src',
    source: 'src',
    video: 'poster src',
  }).map(([element, names]) => [element, new Set(names.split(' '))]),
)

/** Elements whose content is text, whatever it looks like, with what ends it. */
const textElements: ReadonlyMap<string, RegExp> = new Map(
  ['script', 'style', 'textarea', 'title', 'xmp'].map((name) => [name, RegExp(`</${name}`, 'gi')]),
)

/**
 * Rewrites the references of a page, piece by piece: it holds back no more than one unfinished tag,
 * and looks at each character once, whatever the page is. Characters are bytes, so every encoding
 * that contains ASCII passes unharmed.
 */
export class HtmlRewriter {
  readonly #rewrite: (reference: string) => string
  #held = ''
  /** Within a text element: its name. */
  #text: string | undefined
  #scan = new MarkupScan()

  constructor(rewrite: (reference: string) => string) {
    this.#rewrite = rewrite
  }

  push(bytes: Uint8Array): Buffer {
    this.#held += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const done: string[] = []
    let at = 0
    for (;;) {
      const next = this.#step(at, done)
      if (next === at) break
      at = next
    }
    this.#held = this.#held.slice(at)
    return Buffer.from(done.join(''), 'latin1')
  }

  /** What was held back, as it is. */
  end(): Buffer {
    const rest = this.#held
    this.#held = ''
    return Buffer.from(rest, 'latin1')
  }

  /** Moves what is certain from `at` on to `done`; answers where that ends. */
  #step(at: number, done: string[]): number {
    const held = this.#held
    if (at === held.length) return at
    if (this.#text !== undefined) return this.#stepText(at, done, this.#text)
    const open = held.indexOf('<', at)
    if (open !== at) return take(done, held, at, open === -1 ? held.length : open)
    const end = this.#scan.find(held, at)
    if (end === undefined && held.length - at <= tagCharsMax) return at
    this.#scan = new MarkupScan()
    if (end === undefined) return take(done, held, at, held.length)
    const whole = held.slice(at, end)
    const name = /^<([a-z][a-z0-9]*)/i.exec(whole)?.[1]?.toLowerCase() ?? ''
    const names = references.get(name)
    done.push(
      names === undefined ? whole : rewriteTag(whole, name.length + 1, names, this.#rewrite),
    )
    if (textElements.has(name) && !whole.endsWith('/>')) this.#text = name
    return end
  }

  #stepText(at: number, done: string[], element: string): number {
    const close = textElements.get(element)
    if (close !== undefined) close.lastIndex = at
    const found = close?.exec(this.#held)?.index
    if (found !== undefined) {
      this.#text = undefined
      return take(done, this.#held, at, found + 2)
    }
    // The end may have begun.
    return take(done, this.#held, at, Math.max(at, this.#held.length - element.length - 1))
  }
}

function take(done: string[], text: string, from: number, to: number): number {
  if (to > from) done.push(text.slice(from, to))
  return to
}

/** Looks for the end of one piece of markup, and goes on where it was when more of it has come. */
class MarkupScan {
  #seen = 0
  #quote = ''
  /** The last character that is no space. */
  #last = ''

  /** Where the markup that begins at `from` ends; undefined when that is not there yet. */
  find(text: string, from: number): number | undefined {
    if (text.startsWith('<!--', from)) {
      const end = text.indexOf('-->', from + Math.max(4, this.#seen - 2))
      this.#seen = text.length - from
      return end === -1 ? undefined : end + 3
    }
    const length = text.length - from
    if (length < 4 && '<!--'.startsWith(text.slice(from))) return undefined
    // A stray sign is text.
    if (!/^[a-z/!?]/i.test(text.charAt(from + 1))) return from + 1
    for (let at = from + Math.max(1, this.#seen); at < text.length; at++) {
      const char = text.charAt(at)
      if (this.#quote !== '') {
        if (char === this.#quote) this.#quote = ''
      } else if (char === '>') return at + 1
      else if ((char === '"' || char === "'") && this.#last === '=') this.#quote = char
      if (!isSpace(char)) this.#last = char
    }
    this.#seen = length
    return undefined
  }
}

/** The tag with the values of the attributes that are named rewritten. */
function rewriteTag(
  tag: string,
  from: number,
  names: ReadonlySet<string>,
  rewrite: (reference: string) => string,
): string {
  const done: string[] = []
  let copied = 0
  let at = from
  while (at < tag.length) {
    const name = run(tag, at, (char) => !isSpace(char) && !'"\'<>/='.includes(char))
    const equals = run(tag, name, isSpace)
    if (name === at || tag[equals] !== '=') {
      at = Math.max(name, at + 1)
      continue
    }
    const begin = run(tag, equals + 1, isSpace)
    const value = valueAt(tag, begin)
    if (names.has(tag.slice(at, name).toLowerCase())) {
      const reference = tag.slice(value.from, value.to)
      const trimmed = reference.trim()
      done.push(tag.slice(copied, value.from), trimmed === '' ? reference : rewrite(trimmed))
      copied = value.to
    }
    at = Math.max(value.to, at + 1)
  }
  done.push(tag.slice(copied))
  return done.join('')
}

/** Where an attribute's value is, without its quotes. Space around a reference means nothing. */
function valueAt(tag: string, begin: number): { readonly from: number; readonly to: number } {
  const quote = tag.charAt(begin)
  if (quote === '"' || quote === "'") {
    const end = tag.indexOf(quote, begin + 1)
    return { from: begin + 1, to: end === -1 ? tag.length : end }
  }
  const to = run(tag, begin, (char) => !isSpace(char) && char !== '>')
  // The sign that ends an empty element is none of the value.
  return { from: begin, to: tag.endsWith('/>') && to === tag.length - 1 ? to - 1 : to }
}

/** Where the run of such characters ends. */
function run(text: string, from: number, such: (char: string) => boolean): number {
  let at = from
  while (at < text.length && such(text.charAt(at))) at++
  return at
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\t' || char === '\r' || char === '\f'
}
