/** The two tools in the form a model knows: types and names by model family. */
import { createBashTool } from './tools/bash-tool.ts';
import { createEditTool, type EditToolType } from './tools/edit-tool.ts';
import type { Tool } from './tools/tool.ts';

/** The newest edit tool type that the model was trained on; current models and those of other providers get the current one. */
export function editToolTypeFor(modelId: string): EditToolType {
  if (/claude-3-5-sonnet-20240620|claude-3-5-sonnet-20241022|claude-3-5-sonnet-latest|claude-3-5-haiku/.test(modelId))
    return 'text_editor_20241022';
  if (/claude-3-7/.test(modelId)) return 'text_editor_20250124';
  return 'text_editor_20250728';
}

/** Fresh tools for one attempt (the edit tool keeps an undo history). */
export function createToolSet(editType: EditToolType): Map<string, Tool> {
  const tools = [
    createBashTool(editType === 'text_editor_20241022' ? 'bash_20241022' : 'bash_20250124'),
    createEditTool(editType),
  ];
  return new Map(tools.map((tool) => [tool.spec.name, tool]));
}
