/** Where an API server is and who calls it. */
export interface Endpoint {
  /** https://host:port, with or without a path in front of the API's. */
  readonly server: string
  /** PEM of the CAs that vouch for the server; the system's where undefined. */
  readonly ca?: string | undefined
  /** The name to ask for and check, where it is not the host's. */
  readonly tlsServerName?: string | undefined
  /** The server is not verified. */
  readonly insecure?: boolean | undefined
  /** PEM of the client certificate and its key. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** A bearer token, asked for with each request, so that one that is renewed is used at once. */
  readonly token?: (() => string) | undefined
}

/** One exchange, whatever the version of HTTP. */
export interface HttpCall {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

export interface HttpReceiver {
  head(code: number, headers: Readonly<Record<string, string | string[] | undefined>>): void
  data(bytes: Uint8Array): void
  /** Once, last. An error where the connection broke or could not be made. */
  end(error?: Error): void
}

/** Speaks to one server. */
export interface HttpConnection {
  /** Starts an exchange; the returned function gives it up, after which nothing is heard. */
  start(call: HttpCall, receiver: HttpReceiver): () => void
  close(): void
}
