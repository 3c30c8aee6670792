export { ListenError } from './listen.ts'
export {
  serveHttps,
  type HttpsOptions,
  type HttpsServer,
  type ServingCertificate,
} from './serve.ts'
