/** Name of the published environment of an instance: lower case, and `__` spelt `_1776_` because registries refuse it. */
export function imageName(instanceId: string, namespace = 'swebench', tag = 'latest'): string {
  return `${namespace}/sweb.eval.x86_64.${instanceId.toLowerCase().replaceAll('__', '_1776_')}:${tag}`;
}
