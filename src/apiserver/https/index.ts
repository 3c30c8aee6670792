export { ListenError } from './listen.ts'
export { serveHttps, type HttpsOptions, type HttpsServer } from './serve.ts'
