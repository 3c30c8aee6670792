export { startAgent, tokenVariable, type AgentOptions } from './agent.ts'
export { addressTowards } from './address.ts'
export { resetAgent } from './reset.ts'
