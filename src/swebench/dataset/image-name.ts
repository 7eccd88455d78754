/** Names of the published environments of instances: lower case, and `__` spelt otherwise because registries refuse it. */

/** Of SWE-bench, and of sets that keep to its rule under a namespace of their own. */
export function imageName(instanceId: string, namespace = 'swebench', tag = 'latest'): string {
  return `${namespace}/sweb.eval.x86_64.${instanceId.toLowerCase().replaceAll('__', '_1776_')}:${tag}`;
}

/** Of SWE-Gym, which spells `__` in its own way. */
export function gymImageName(instanceId: string): string {
  return `xingyaoww/sweb.eval.x86_64.${instanceId.toLowerCase().replaceAll('__', '_s_')}:latest`;
}
