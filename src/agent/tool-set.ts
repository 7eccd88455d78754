/** The two tools in the form a model knows: types and names by model family. */
import { createBashTool } from './tools/bash-tool.ts';
import { createEditTool } from './tools/edit-tool.ts';
import type { EditToolType } from './tools/edit-tool-spec.ts';
import type { Tool } from './tools/tool.ts';

export interface ToolTypes {
  edit: EditToolType;
  /** False: the model is Claude, but older than these types; it gets ordinary function tools of the same shape. */
  native: boolean;
}

/** The newest types that the model was trained on; current models and those of other providers get the current ones. */
export function toolTypesFor(modelId: string): ToolTypes {
  if (/claude-3[-.]7/.test(modelId)) return { edit: 'text_editor_20250124', native: true };
  if (/claude-3[-.]5-sonnet(-20241022|-latest|-v2|$)/.test(modelId))
    return { edit: 'text_editor_20241022', native: true };
  if (/claude-(3|2|instant)/.test(modelId)) return { edit: 'text_editor_20241022', native: false };
  return { edit: 'text_editor_20250728', native: true };
}

/** Fresh tools for one attempt (the edit tool keeps an undo history), by name. */
export function createToolSet(types: ToolTypes): Map<string, Tool> {
  const bash = types.edit === 'text_editor_20241022' ? 'bash_20241022' : 'bash_20250124';
  const tools = [createBashTool(types.native ? bash : null), createEditTool(types.edit, types.native)];
  return new Map(tools.map((tool) => [tool.spec.name, tool]));
}
