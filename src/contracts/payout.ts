/** Tasks with a price: engineering tasks (`ic`) and choices among proposals (`manager`), whatever data set they come from. */
import { z } from 'zod';

export const taskKindSchema = z.enum(['ic', 'manager']);
export type TaskKind = z.infer<typeof taskKindSchema>;

/** One of the answers of a manager task. */
export interface Proposal {
  /** As the data set numbers or names it; never shown to an agent. */
  id: string;
  text: string;
}

/** What every priced task has. */
interface PricedTaskBase {
  id: string;
  title: string;
  /** What the agent is told beside the title. */
  description: string;
  /** Dollars. */
  price: number;
  /** The job behind it: tasks of one group are paid by one bounty. */
  group: string;
  categories: readonly string[];
}

export interface IcTask extends PricedTaskBase {
  kind: 'ic';
}

export interface ManagerTask extends PricedTaskBase {
  kind: 'manager';
  /** In the order of the data set. */
  proposals: readonly Proposal[];
  /** `id` of the proposal that was chosen. */
  answer: string;
}

export type PricedTask = IcTask | ManagerTask;
