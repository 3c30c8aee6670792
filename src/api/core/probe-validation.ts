import { field, isHTTPHeaderName, type FieldError, type FieldPath } from '#machinery'
import {
  each,
  nonNegative,
  oneOfValues,
  portNumber,
  portNumberOrName,
  problems,
  requiredText,
} from '../validation.ts'
import type { Container } from './container.ts'
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from './probe.ts'

export function validateProbes(container: Container, path: FieldPath): readonly FieldError[] {
  const { livenessProbe, readinessProbe, startupProbe } = container
  return [
    ...validateLifecycle(container.lifecycle, path.child('lifecycle')),
    ...validateProbe(livenessProbe, path.child('livenessProbe')),
    ...validateSuccessOnce(livenessProbe, path.child('livenessProbe')),
    ...validateProbe(readinessProbe, path.child('readinessProbe')),
    ...(readinessProbe?.terminationGracePeriodSeconds === undefined
      ? []
      : [
          field.invalid(
            path.child('readinessProbe', 'terminationGracePeriodSeconds'),
            readinessProbe.terminationGracePeriodSeconds,
            'must not be set for readinessProbes',
          ),
        ]),
    ...validateProbe(startupProbe, path.child('startupProbe')),
    ...validateSuccessOnce(startupProbe, path.child('startupProbe')),
  ]
}

function validateProbe(probe: Probe | undefined, path: FieldPath): readonly FieldError[] {
  if (probe === undefined) return []
  const grace = probe.terminationGracePeriodSeconds
  return [
    ...validateHandler(probe, path),
    ...nonNegative(path.child('initialDelaySeconds'), probe.initialDelaySeconds),
    ...nonNegative(path.child('timeoutSeconds'), probe.timeoutSeconds),
    ...nonNegative(path.child('periodSeconds'), probe.periodSeconds),
    ...nonNegative(path.child('successThreshold'), probe.successThreshold),
    ...nonNegative(path.child('failureThreshold'), probe.failureThreshold),
    ...(grace !== undefined && grace <= 0
      ? [
          field.invalid(
            path.child('terminationGracePeriodSeconds'),
            grace,
            'must be greater than 0',
          ),
        ]
      : []),
  ]
}

function validateSuccessOnce(probe: Probe | undefined, path: FieldPath): readonly FieldError[] {
  if (probe === undefined || probe.successThreshold === 1) return []
  return [field.invalid(path.child('successThreshold'), probe.successThreshold, 'must be 1')]
}

function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const { postStart, preStop } = lifecycle ?? {}
  return [
    ...(postStart === undefined ? [] : validateHandler(postStart, path.child('postStart'))),
    ...(preStop === undefined ? [] : validateHandler(preStop, path.child('preStop'))),
  ]
}

/** Exactly one of the ways to ask a container something. */
function validateHandler(
  handler: Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & LifecycleHandler,
  path: FieldPath,
): readonly FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const given = Object.entries({ exec, httpGet, tcpSocket, grpc, sleep }).filter(
    ([, action]) => action !== undefined,
  )
  if (given.length === 0) return [field.required(path, 'must specify a handler type')]
  const errors: FieldError[] = given
    .slice(1)
    .map(([name]) => field.forbidden(path.child(name), 'may not specify more than 1 handler type'))
  if (exec !== undefined && (exec.command ?? []).length === 0) {
    errors.push(field.required(path.child('exec', 'command')))
  }
  if (httpGet !== undefined) errors.push(...validateHTTPGet(httpGet, path.child('httpGet')))
  if (tcpSocket !== undefined) {
    errors.push(...portNumberOrName(path.child('tcpSocket', 'port'), tcpSocket.port))
  }
  if (grpc !== undefined) errors.push(...portNumber(path.child('grpc', 'port'), grpc.port))
  return errors
}

function validateHTTPGet(action: HTTPGetAction, path: FieldPath): readonly FieldError[] {
  return [
    ...requiredText(path.child('path'), action.path),
    ...portNumberOrName(path.child('port'), action.port),
    ...oneOfValues(path.child('scheme'), action.scheme, ['HTTP', 'HTTPS']),
    ...each(path.child('httpHeaders'), action.httpHeaders, ({ name }, at) =>
      problems(at.child('name'), name, isHTTPHeaderName(name)),
    ),
  ]
}
