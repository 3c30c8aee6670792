import type { Runtime } from '../runtime/runtime.ts'

export interface ListedImage {
  /** With its tag, else with its digest; `<none>` where it has lost both. */
  readonly name: string
  /** The digest of its configuration. */
  readonly id: string
  readonly sizeBytes: number
}

/** The images on a machine, one line for each name, in the order of names. */
export async function listImages(
  runtime: Pick<Runtime, 'images'>,
): Promise<readonly ListedImage[]> {
  const images = await runtime.images()
  return images
    .flatMap(({ id, names, sizeBytes }) => {
      const tagged = names.filter((name) => !name.includes('@'))
      const shown = tagged.length > 0 ? tagged : names.length > 0 ? names.slice(0, 1) : ['<none>']
      return shown.map((name) => ({ name, id, sizeBytes }))
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
