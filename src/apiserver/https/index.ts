export { serveHttps, type HttpsOptions, type HttpsServer } from './serve.ts'
