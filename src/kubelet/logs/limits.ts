/** Runtimes cut what containers write into lines of 16 KiB; what is much longer is none of theirs. */
export const lineBytesMax = 1024 * 1024

/**
 * A runtime tells that a container has ended, and begins a new file, a moment before the last bytes
 * are in the old one. When nothing has come for so long, nothing will.
 */
export const settleMs = 50
