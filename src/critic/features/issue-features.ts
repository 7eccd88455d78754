/** What the issue says about how hard its instance is. Pure. */
import { type FeatureDefinition, type FeatureValues, logCount } from './feature.ts';
import { countMatches } from './words.ts';

const HELP = {
  'issue.length': 'log of the characters of the issue',
  'issue.code-blocks': 'log of the fenced code blocks and prompt lines',
  'issue.traceback': '1 when it shows a traceback',
  'issue.paths': 'log of the file names it mentions',
  'issue.suggests-fix': '1 when it holds a diff or says what to change',
  'issue.feature': '1 when it asks for something new',
  'issue.questions': 'log of its question marks',
  'issue.links': 'log of its links',
} as const;

export const ISSUE_FEATURES: readonly FeatureDefinition[] = Object.entries(HELP).map(([name, help]) => ({
  name,
  group: 'issue',
  help,
}));

export function issueFeatures(issue: string): FeatureValues {
  return {
    'issue.length': logCount(issue.length),
    'issue.code-blocks': logCount(countMatches(issue, /```|^>>> /gm)),
    'issue.traceback': Number(/Traceback \(most recent call last\)|^\s+at .+:\d+\)?$/m.test(issue)),
    'issue.paths': logCount(countMatches(issue, /\b[\w/.-]+\.(py|js|ts|c|go|rs|java|rb)\b/g)),
    'issue.suggests-fix': Number(
      /^(\+\+\+|---) |^@@ |```diff|\b(should be (changed|replaced)|fix (is|would be)|can be fixed|change .{1,60} to |replac(e|ing) .{1,60} (with|by) )/im.test(
        issue,
      ),
    ),
    'issue.feature': Number(
      /\b(feature request|enhancement|would be (nice|great|useful)|add(ing)? support|allow|new option|proposal)\b/i.test(
        issue,
      ),
    ),
    'issue.questions': logCount(countMatches(issue, /\?/g)),
    'issue.links': logCount(countMatches(issue, /https?:\/\//g)),
  };
}
