import {
  type InputObjectOf,
  int32,
  item,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import { MatchCondition, RuleWithOperations } from './match.ts'
import { WebhookClientConfig } from './webhook-client-config.ts'

export const MutatingWebhookConfigurationSchema = struct(
  'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
  () => ({
    webhooks: list(MutatingWebhook, 2).mapBy('name').patch('merge', 'name'),
  }),
)

export const MutatingWebhook = struct(
  'io.k8s.api.admissionregistration.v1.MutatingWebhook',
  () => ({
    name: string(1).emit().required(),
    clientConfig: value(WebhookClientConfig, 2).required(),
    rules: list(RuleWithOperations, 3),
    failurePolicy: string(4).values('Fail', 'Ignore').keep().default('Fail'),
    matchPolicy: string(9).values('Equivalent', 'Exact').keep().default('Equivalent'),
    namespaceSelector: pointer(LabelSelector, 5).default({}),
    objectSelector: pointer(LabelSelector, 11).default({}),
    sideEffects: string(6).values('None', 'NoneOnDryRun', 'Some', 'Unknown').orNull().required(),
    timeoutSeconds: int32(7).keep().default(10),
    admissionReviewVersions: list(item.string, 8).orNull().required(),
    reinvocationPolicy: string(10).values('IfNeeded', 'Never').keep().default('Never'),
    matchConditions: list(MatchCondition, 12).mapBy('name').patch('merge', 'name'),
  }),
)
export type MutatingWebhook = ReadOf<typeof MutatingWebhook>

export const MutatingWebhookConfiguration = resource({
  name: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: 'MutatingWebhookConfiguration',
      schema: MutatingWebhookConfigurationSchema,
    },
  ],
  generation: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Webhooks',
      type: 'integer',
      value: (configuration) => configuration.webhooks?.length ?? 0,
    },
    ageColumn,
  ],
})
export type MutatingWebhookConfiguration = Whole<typeof MutatingWebhookConfigurationSchema>
export type MutatingWebhookConfigurationInput = InputObjectOf<typeof MutatingWebhookConfiguration>
