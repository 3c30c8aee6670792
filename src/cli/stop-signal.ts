/** Resolves with exit code 0 at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): Promise<number> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1)
        asked = true
        resolve(0)
      })
    }
  })
}
