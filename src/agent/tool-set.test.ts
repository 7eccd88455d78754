import { expect, test } from 'vitest';
import { createToolSet, toolTypesFor } from './tool-set.ts';

/** Model id -> native types sent to Anthropic, names the model sees. */
test.each([
  ['anthropic/claude-3-haiku-20240307', [undefined, undefined], ['bash', 'str_replace_editor']],
  ['anthropic/claude-3-5-haiku-20241022', [undefined, undefined], ['bash', 'str_replace_editor']],
  ['anthropic/claude-3-5-sonnet-20240620', [undefined, undefined], ['bash', 'str_replace_editor']],
  ['anthropic/claude-3-5-sonnet-20241022', ['bash_20241022', 'text_editor_20241022'], ['bash', 'str_replace_editor']],
  ['anthropic/claude-3-5-sonnet-latest', ['bash_20241022', 'text_editor_20241022'], ['bash', 'str_replace_editor']],
  ['anthropic/claude-3-7-sonnet-20250219', ['bash_20250124', 'text_editor_20250124'], ['bash', 'str_replace_editor']],
  [
    'openai-compatible/anthropic/claude-3.7-sonnet',
    ['bash_20250124', 'text_editor_20250124'],
    ['bash', 'str_replace_editor'],
  ],
  [
    'anthropic/claude-sonnet-4-20250514',
    ['bash_20250124', 'text_editor_20250728'],
    ['bash', 'str_replace_based_edit_tool'],
  ],
  ['anthropic/claude-opus-4-5', ['bash_20250124', 'text_editor_20250728'], ['bash', 'str_replace_based_edit_tool']],
  ['openai/gpt-5', ['bash_20250124', 'text_editor_20250728'], ['bash', 'str_replace_based_edit_tool']],
  ['scripted:demo.yaml', ['bash_20250124', 'text_editor_20250728'], ['bash', 'str_replace_based_edit_tool']],
])('%s', (id, types, names) => {
  const specs = [...createToolSet(toolTypesFor(id)).values()].map((tool) => tool.spec);
  expect(specs.map((spec) => spec.native?.anthropic?.type)).toEqual(types);
  expect(specs.map((spec) => spec.name)).toEqual(names);
});

test('the schema of each generation names its commands and its insert parameter', () => {
  const schema = (edit: Parameters<typeof createToolSet>[0]['edit']) => {
    const spec = [...createToolSet({ edit, native: true }).values()][1]?.spec;
    const properties = spec?.inputSchema.properties as Record<string, { enum?: string[] }>;
    return [properties.command?.enum?.includes('undo_edit'), 'insert_text' in properties];
  };
  expect(schema('text_editor_20250728')).toEqual([false, true]);
  expect(schema('text_editor_20250429')).toEqual([false, false]);
  expect(schema('text_editor_20250124')).toEqual([true, false]);
  expect(schema('text_editor_20241022')).toEqual([true, false]);
});
