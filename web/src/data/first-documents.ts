import { STEPS_PER_PAGE } from '../../../src/view/documents.ts';
import type { Route } from '../route.ts';
import {
  attemptDocumentPath,
  attemptPath,
  runDocumentPath,
  runsDocumentPath,
  stepsDocumentPath,
} from './fetch-document.ts';

/** What the page of a route reads first. Of attempts that are served live also the steps that will be in sight. */
export function firstDocuments(route: Route, live: boolean): string[] {
  switch (route.page) {
    case 'runs':
      return [runsDocumentPath(live)];
    case 'run':
      return [runDocumentPath(route.runId)];
    case 'attempt': {
      const path = attemptPath(route.runId, route.folder, route.attempt);
      const document = attemptDocumentPath(path, live);
      const page = Math.floor(((route.step ?? 1) - 1) / STEPS_PER_PAGE);
      return live ? [document, stepsDocumentPath(path, page)] : [document];
    }
    default:
      return [];
  }
}
