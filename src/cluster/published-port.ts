/** A port of this machine by which a NodePort is reached. */
export interface PublishedPort {
  readonly host: string
  readonly port: number
  readonly nodePort: number
}

/** As the flag --publish takes it: [HOST:]PORT:NODEPORT. */
export function formatPublishedPort({ host, port, nodePort }: PublishedPort): string {
  return `${host}:${port}:${nodePort}`
}
