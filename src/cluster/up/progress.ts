/** Hears what is done next, as a short clause: `starting the server`. */
export type Progress = (step: string) => void
