export { startProxy, removeProxyRules, type Proxy, type ProxyOptions } from './proxy.ts'
