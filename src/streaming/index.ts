export {
  readAll,
  type BytePipe,
  type ByteStream,
  type StreamConnection,
  type StreamHeaders,
} from './byte-pipe.ts'
export {
  commandExited,
  commandFailed,
  commandSucceeded,
  exitCodeOf,
  type CommandStatus,
} from './command-status.ts'
export { StreamingError, type StreamingErrorReason } from './error.ts'
export { join, pump } from './join.ts'
export { connectPortForward } from './port-forward-client.ts'
export { acceptPortForward } from './port-forward-server.ts'
export {
  parsePort,
  type ForwardedPort,
  type PortForwardClient,
  type PortForwardServer,
} from './port-forward.ts'
export { proxyPortForward, proxyRemoteCommand } from './proxy.ts'
export { connectRemoteCommand } from './remote-command-client.ts'
export { acceptRemoteCommand } from './remote-command-server.ts'
export {
  type CommandClient,
  type CommandServer,
  type CommandStreams,
  type CommandWants,
} from './remote-command.ts'
export { socketPipe } from './socket-pipe.ts'
export { encodeTerminalSize, terminalSizes, type TerminalSize } from './terminal-size.ts'
export { type UpgradeContext, type UpgradeTarget } from './upgrade-client.ts'
export { acceptMessages, type MessageServer } from './websocket/message-server.ts'
export { refuseUpgrade, requestedUpgrade, type UpgradeRequest } from './upgrade-server.ts'
