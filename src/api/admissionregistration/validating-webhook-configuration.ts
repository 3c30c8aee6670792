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

export const ValidatingWebhookConfigurationSchema = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  () => ({
    webhooks: list(ValidatingWebhook, 2).mapBy('name').patch('merge', 'name'),
  }),
)

export const ValidatingWebhook = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhook',
  () => ({
    name: string(1).emit().required(),
    clientConfig: value(WebhookClientConfig, 2).required(),
    rules: list(RuleWithOperations, 3),
    failurePolicy: string(4).values('Fail', 'Ignore').keep().default('Fail'),
    matchPolicy: string(9).values('Equivalent', 'Exact').keep().default('Equivalent'),
    namespaceSelector: pointer(LabelSelector, 5).default({}),
    objectSelector: pointer(LabelSelector, 10).default({}),
    sideEffects: string(6).values('None', 'NoneOnDryRun', 'Some', 'Unknown').orNull().required(),
    timeoutSeconds: int32(7).keep().default(10),
    admissionReviewVersions: list(item.string, 8).orNull().required(),
    matchConditions: list(MatchCondition, 11).mapBy('name').patch('merge', 'name'),
  }),
)
export type ValidatingWebhook = ReadOf<typeof ValidatingWebhook>

export const ValidatingWebhookConfiguration = resource({
  name: 'validatingwebhookconfigurations',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: 'ValidatingWebhookConfiguration',
      schema: ValidatingWebhookConfigurationSchema,
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
export type ValidatingWebhookConfiguration = Whole<typeof ValidatingWebhookConfigurationSchema>
export type ValidatingWebhookConfigurationInput = InputObjectOf<
  typeof ValidatingWebhookConfiguration
>
