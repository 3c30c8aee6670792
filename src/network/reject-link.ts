/** Takes what is on its way to the cluster's ranges and has no other; its packets are rejected. */
export const rejectLink = 'k8ts0'
