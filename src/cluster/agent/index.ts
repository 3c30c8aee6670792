export { startAgent, type AgentOptions } from './agent.ts'
export { addressTowards } from './address.ts'
export { tokenVariable } from './token-variable.ts'
export { resetAgent } from './reset.ts'
