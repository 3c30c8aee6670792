import { readFile, writeFile } from 'node:fs/promises'
import { asError } from '#base'
import { LinuxError } from '#linux'

/**
 * Sets what stands below /proc/sys. What is right already is not written: a container may see it read-only.
 * Rejects with a LinuxError that names the setting.
 */
export async function setKernelSetting(name: string, value: string): Promise<void> {
  const file = `/proc/sys/${name}`
  try {
    if ((await readFile(file, 'utf8')).trim() === value) return
    await writeFile(file, value)
  } catch (cause) {
    const message = `kernel setting ${name} cannot be set to ${value}: ${asError(cause).message}`
    throw new LinuxError('Refused', message, { cause })
  }
}
