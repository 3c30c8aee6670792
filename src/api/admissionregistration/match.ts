import { item, list, oneOf, pointer, type ReadOf, string, struct } from '#machinery'
import { LabelSelector } from '../meta/label-selector.ts'

export const MatchCondition = struct('io.k8s.api.admissionregistration.v1.MatchCondition', () => ({
  name: string(1).emit().required(),
  expression: string(2).emit().required(),
}))
export type MatchCondition = ReadOf<typeof MatchCondition>

export const MatchResources = struct(
  'io.k8s.api.admissionregistration.v1.MatchResources',
  () => ({
    namespaceSelector: pointer(LabelSelector, 1).default({}),
    objectSelector: pointer(LabelSelector, 2).default({}),
    resourceRules: list(NamedRuleWithOperations, 3),
    excludeResourceRules: list(NamedRuleWithOperations, 4),
    matchPolicy: string(7).values('Equivalent', 'Exact').keep().default('Equivalent'),
  }),
  { mapType: 'atomic' },
)
export type MatchResources = ReadOf<typeof MatchResources>

export const NamedRuleWithOperations = struct(
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  () => ({
    resourceNames: list(item.string, 1),
    operations: list(item.string, 1).inlineIn(2),
    apiGroups: list(item.string, 1).inlineIn(2, 2),
    apiVersions: list(item.string, 2).inlineIn(2, 2),
    resources: list(item.string, 3).inlineIn(2, 2),
    scope: string(4).keep().default('*').inlineIn(2, 2),
  }),
  { mapType: 'atomic' },
)
export type NamedRuleWithOperations = ReadOf<typeof NamedRuleWithOperations>

export const ParamKind = struct(
  'io.k8s.api.admissionregistration.v1.ParamKind',
  () => ({
    apiVersion: string(1),
    kind: string(2),
  }),
  { mapType: 'atomic' },
)
export type ParamKind = ReadOf<typeof ParamKind>

export const ParamRef = struct(
  'io.k8s.api.admissionregistration.v1.ParamRef',
  () => ({
    name: string(1),
    namespace: string(2),
    selector: pointer(LabelSelector, 3),
    parameterNotFoundAction: string(4).values('Allow', 'Deny').keep(),
  }),
  { mapType: 'atomic' },
)
export type ParamRef = ReadOf<typeof ParamRef>

export const RuleWithOperations = struct(
  'io.k8s.api.admissionregistration.v1.RuleWithOperations',
  () => ({
    operations: list(oneOf('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'), 1),
    apiGroups: list(item.string, 1).inlineIn(2),
    apiVersions: list(item.string, 2).inlineIn(2),
    resources: list(item.string, 3).inlineIn(2),
    scope: string(4).keep().default('*').inlineIn(2),
  }),
)
export type RuleWithOperations = ReadOf<typeof RuleWithOperations>

export const Variable = struct(
  'io.k8s.api.admissionregistration.v1.Variable',
  () => ({
    name: string(1).emit().required(),
    expression: string(2).emit().required(),
  }),
  { mapType: 'atomic' },
)
export type Variable = ReadOf<typeof Variable>
