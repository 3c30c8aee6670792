import type { Face, Resource } from '#machinery'
import { Binding } from './core/binding.ts'
import { ComponentStatus } from './core/component-status.ts'
import { ConfigMap } from './core/config-map.ts'
import { Endpoints } from './core/endpoints.ts'
import { Event } from './core/event.ts'
import { LimitRange } from './core/limit-range.ts'
import { Namespace } from './core/namespace.ts'
import { Node } from './core/node.ts'
import { PersistentVolumeClaim } from './core/persistent-volume-claim.ts'
import { PersistentVolume } from './core/persistent-volume.ts'
import { PodTemplate } from './core/pod-template.ts'
import { Pod } from './core/pod.ts'
import { ReplicationController } from './core/replication-controller.ts'
import { ResourceQuota } from './core/resource-quota.ts'
import { Secret } from './core/secret.ts'
import { ServiceAccount } from './core/service-account.ts'
import { Service } from './core/service.ts'
import { APIService } from './apiregistration/api-service.ts'
import { ControllerRevision } from './apps/controller-revision.ts'
import { DaemonSet } from './apps/daemon-set.ts'
import { Deployment } from './apps/deployment.ts'
import { ReplicaSet } from './apps/replica-set.ts'
import { StatefulSet } from './apps/stateful-set.ts'
import { SelfSubjectReview } from './authentication/self-subject-review.ts'
import { TokenReview } from './authentication/token-review.ts'
import { LocalSubjectAccessReview } from './authorization/local-subject-access-review.ts'
import { SelfSubjectAccessReview } from './authorization/self-subject-access-review.ts'
import { SelfSubjectRulesReview } from './authorization/self-subject-rules-review.ts'
import { SubjectAccessReview } from './authorization/subject-access-review.ts'
import { HorizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts'
import { CronJob } from './batch/cron-job.ts'
import { Job } from './batch/job.ts'
import { CertificateSigningRequest } from './certificates/certificate-signing-request.ts'
import { IngressClass } from './networking/ingress-class.ts'
import { Ingress } from './networking/ingress.ts'
import { IPAddress } from './networking/ip-address.ts'
import { NetworkPolicy } from './networking/network-policy.ts'
import { ServiceCIDR } from './networking/service-cidr.ts'
import { PodDisruptionBudget } from './policy/pod-disruption-budget.ts'
import { ClusterRoleBinding } from './rbac/cluster-role-binding.ts'
import { ClusterRole } from './rbac/cluster-role.ts'
import { RoleBinding } from './rbac/role-binding.ts'
import { Role } from './rbac/role.ts'
import { CSIDriver } from './storage/csi-driver.ts'
import { CSINode } from './storage/csi-node.ts'
import { CSIStorageCapacity } from './storage/csi-storage-capacity.ts'
import { StorageClass } from './storage/storage-class.ts'
import { VolumeAttachment } from './storage/volume-attachment.ts'
import { VolumeAttributesClass } from './storage/volume-attributes-class.ts'
import { MutatingAdmissionPolicyBinding } from './admissionregistration/mutating-admission-policy-binding.ts'
import { MutatingAdmissionPolicy } from './admissionregistration/mutating-admission-policy.ts'
import { MutatingWebhookConfiguration } from './admissionregistration/mutating-webhook-configuration.ts'
import { ValidatingAdmissionPolicyBinding } from './admissionregistration/validating-admission-policy-binding.ts'
import { ValidatingAdmissionPolicy } from './admissionregistration/validating-admission-policy.ts'
import { ValidatingWebhookConfiguration } from './admissionregistration/validating-webhook-configuration.ts'
import { CustomResourceDefinition } from './apiextensions/custom-resource-definition.ts'
import { PriorityClass } from './scheduling/priority-class.ts'
import { Lease } from './coordination/lease.ts'
import { RuntimeClass } from './node/runtime-class.ts'
import { EndpointSlice } from './discovery/endpoint-slice.ts'
import { FlowSchema } from './flowcontrol/flow-schema.ts'
import { PriorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts'
import { DeviceClass } from './resource/device-class.ts'
import { ResourceClaimTemplate } from './resource/resource-claim-template.ts'
import { ResourceClaim } from './resource/resource-claim.ts'
import { ResourceSlice } from './resource/resource-slice.ts'
import { TokenRequestSchema } from './authentication/token-request.ts'
import { ScaleSchema } from './autoscaling/scale.ts'
import { EvictionSchema } from './policy/eviction.ts'

/** Every built-in kind, the groups in the order in which discovery lists them. */
export const builtinResources: readonly Resource[] = [
  Binding,
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolumeClaim,
  PersistentVolume,
  PodTemplate,
  Pod,
  ReplicationController,
  ResourceQuota,
  Secret,
  ServiceAccount,
  Service,
  APIService,
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
  SelfSubjectReview,
  TokenReview,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  HorizontalPodAutoscaler,
  CronJob,
  Job,
  CertificateSigningRequest,
  IngressClass,
  Ingress,
  IPAddress,
  NetworkPolicy,
  ServiceCIDR,
  PodDisruptionBudget,
  ClusterRoleBinding,
  ClusterRole,
  RoleBinding,
  Role,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
  MutatingAdmissionPolicyBinding,
  MutatingAdmissionPolicy,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingWebhookConfiguration,
  CustomResourceDefinition,
  PriorityClass,
  Lease,
  RuntimeClass,
  EndpointSlice,
  FlowSchema,
  PriorityLevelConfiguration,
  DeviceClass,
  ResourceClaimTemplate,
  ResourceClaim,
  ResourceSlice,
]

/** Kinds that are bodies of subresources only. */
export const subresourceFaces: readonly Face[] = [
  { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: ScaleSchema },
  { group: 'policy', version: 'v1', kind: 'Eviction', schema: EvictionSchema },
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenRequest',
    schema: TokenRequestSchema,
  },
]
