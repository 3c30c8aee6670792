import { assert } from '#base'

/** Every bound of this room; what a peer can make us hold is the product of those that multiply. */
export const limits = {
  /** Bytes of one stream that nobody has read yet; also the window granted to peers that keep one. */
  unreadBytesMax: 256 * 1024,
  /** All unread bytes of a connection, for peers that keep windows. */
  sessionUnreadBytesMax: 16 * 1024 * 1024,
  /** Payload of one frame or message we send: small, so that streams take turns. */
  payloadBytesMax: 32 * 1024,
  /** Streams open at once on one connection. */
  streamsMax: 512,
  /** A SPDY control frame as it comes, headers still compressed. */
  controlFrameBytesMax: 64 * 1024,
  /** A header block after decompression. */
  headerBytesMax: 64 * 1024,
  headersMax: 100,
  /** Answers to pings and the like that the peer does not take. */
  owedBytesMax: 64 * 1024,
  /** What a command or a forwarded port may say on its error stream. */
  errorBytesMax: 64 * 1024,
  /** One JSON text of a terminal's size. */
  terminalSizeBytesMax: 1024,
  /** A client opens all its streams, and a server answers each, within this time. */
  streamCreationMs: 30_000,
  /** After our farewell the peer has this long to hang up. */
  closingMs: 2_000,
  /** A server answers the wish to switch protocols within this time. */
  upgradeMs: 30_000,
  /** The peer's words about a refused upgrade. */
  refusalBytesMax: 8 * 1024,
} as const

assert(limits.payloadBytesMax <= limits.unreadBytesMax, 'one payload fits into a window')
assert(limits.unreadBytesMax <= limits.sessionUnreadBytesMax, 'a stream fits into its session')
