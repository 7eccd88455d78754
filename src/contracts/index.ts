/** All contracts in one import. */
export * from './agent.ts';
export * from './critic.ts';
export * from './environment.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './grading.ts';
export * from './image.ts';
export * from './model.ts';
export * from './payout.ts';
export * from './run.ts';
export * from './sandbox.ts';
export * from './shared-store.ts';
export * from './store.ts';
export * from './task.ts';
export * from './user-tool.ts';
export * from './workspace.ts';
