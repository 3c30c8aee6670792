/** How pods with one `spec.schedulerName` are scheduled (KubeSchedulerProfile). */
export interface Profile {
  readonly schedulerName: string
  /** Where several plugins have an extension point, they are asked in this order. */
  readonly plugins: readonly ProfilePlugin[]
  /** Of how many nodes to look for feasible ones, in percent; 0: by the size of the cluster. */
  readonly percentageOfNodesToScore: number
}

export interface ProfilePlugin {
  readonly name: string
  /** Of its score; 1 by default. */
  readonly weight?: number
  readonly args?: unknown
}

export const defaultSchedulerName = 'default-scheduler'

/** Upstream's default profile, as far as its plugins are here. */
export const defaultProfile: Profile = {
  schedulerName: defaultSchedulerName,
  percentageOfNodesToScore: 0,
  plugins: [
    { name: 'SchedulingGates' },
    { name: 'PrioritySort' },
    { name: 'NodeUnschedulable' },
    { name: 'NodeName' },
    { name: 'TaintToleration', weight: 3 },
    { name: 'NodeAffinity', weight: 2 },
    { name: 'NodePorts' },
    { name: 'NodeResourcesFit' },
    { name: 'PodTopologySpread', weight: 2 },
    { name: 'InterPodAffinity', weight: 2 },
    { name: 'DefaultPreemption' },
    { name: 'NodeResourcesBalancedAllocation' },
    { name: 'ImageLocality' },
    { name: 'DefaultBinder' },
  ],
}
