/** What the engine is and can hold. */
import { z } from 'zod';
import type { LimitsInForce } from '../../contracts/index.ts';
import type { AgentArch } from './agent-binary.ts';
import type { EngineClient } from './engine-client.ts';

const infoSchema = z.object({
  Name: z.string().optional(),
  NCPU: z.number(),
  OSType: z.string().optional(),
  Architecture: z.string(),
  ServerVersion: z.string().optional(),
  CgroupDriver: z.string().optional(),
  MemoryLimit: z.boolean().optional(),
  PidsLimit: z.boolean().optional(),
  CpuCfsQuota: z.boolean().optional(),
});

export interface EngineInfo {
  version: string;
  cpus: number;
  /** Undefined: an architecture or system that Assay has no agent for; `architecture` names it. */
  arch: AgentArch | undefined;
  architecture: string;
  limitsInForce: LimitsInForce;
}

const ARCHES: Record<string, AgentArch> = { x86_64: 'x64', amd64: 'x64', aarch64: 'arm64', arm64: 'arm64' };

export async function engineInfo(engine: EngineClient): Promise<EngineInfo> {
  const info = infoSchema.parse(await engine.json({ method: 'GET', path: '/info' }));
  const cgroups = info.CgroupDriver !== 'none';
  const held = (flag: boolean | undefined) => (cgroups && flag !== false ? 'engine' : 'none');
  return {
    version: info.ServerVersion ?? 'unknown',
    cpus: info.NCPU,
    arch: (info.OSType ?? 'linux') === 'linux' ? ARCHES[info.Architecture] : undefined,
    architecture: `${info.OSType ?? 'linux'}/${info.Architecture}`,
    limitsInForce: {
      memory: held(info.MemoryLimit),
      pids: held(info.PidsLimit),
      cpu: held(info.CpuCfsQuota),
      disk: 'watchdog',
      wall: 'timer',
    },
  };
}
