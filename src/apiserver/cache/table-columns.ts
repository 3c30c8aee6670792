import type { Resource } from '#machinery'
import type { TableColumn } from '../request.ts'

/** The columns of a resource's table; a name and a time where the kind says nothing. */
export function tableColumns(resource: Resource): readonly TableColumn[] {
  return resource.columns.length === 0 ? defaultColumns : resource.columns
}

export const defaultColumns: readonly TableColumn[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name of the object, unique within its namespace.',
    priority: 0,
  },
  {
    name: 'Created At',
    type: 'date',
    format: '',
    description: 'When the object was created.',
    priority: 0,
  },
]
