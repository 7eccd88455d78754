/** What a container of a sandbox is asked to be: limits, no network, few capabilities, nothing of the host. */

import { hostname } from 'node:os';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import type { SandboxSpec } from '../../contracts/index.ts';
import { plainNetwork } from '../plain-network.ts';

/** Labels on all that is made; `owner` is the record of the process that made it, `host` the machine that process runs on. */
export const LABEL = {
  sandbox: 'dev.assay.sandbox',
  owner: 'dev.assay.owner',
  host: 'dev.assay.host',
  user: 'dev.assay.label.',
} as const;

/** Where the agent lies until it has started. */
export const AGENT_FOLDER = '/.assay';
export const AGENT_PATH = `${AGENT_FOLDER}/agent`;
export const FILTER_PATH = `${AGENT_FOLDER}/filter.bpf`;

/** Folders whose content is not part of a snapshot; the first two are in memory here. */
export const VOLATILE_FOLDERS = ['/tmp', '/run', '/dev', '/proc', '/sys', AGENT_FOLDER] as const;

/**
 * What root inside needs to install software; all of it without effect beyond the container. Left out of the engine's own set: raw network packets, device
 * nodes, the audit log.
 */
export const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** The agent and the keeper of each running process count as processes of the container, too. */
const PIDS_OF_ASSAY = 16;
const SHM_BYTES = 64 * 1024 ** 2;
const OPEN_FILES = 20_000;
/** Per user of the engine's machine, so far above what one sandbox may have: the limit of the container holds first. */
const OPEN_PROCESSES = 20_000;
/** A long name or path says who it is in `ps` and `docker ps`; the kernel's host name holds 64 bytes. */
const HOST_NAME = 'sandbox';

export interface ContainerPlan {
  spec: SandboxSpec;
  /** Name or id. */
  image: string;
  /** This process. */
  owner: ProcessIdentity;
  /** Whether the image's user is root: others get no capability, which some engines would make effective for them. */
  asRoot: boolean;
  /** The engine refuses a limit above what it has. */
  engineCpus: number;
}

/** Body of `POST /containers/create`. */
export function containerConfig({ spec, image, owner, asRoot, engineCpus }: ContainerPlan): object {
  const { limits } = spec;
  const tmpfs = (bytes: number, mode: string) => `rw,exec,nosuid,nodev,size=${bytes},mode=${mode}`;
  const labels = Object.entries(spec.labels ?? {}).map(([name, value]) => [`${LABEL.user}${name}`, value]);
  return {
    Image: image,
    Entrypoint: [AGENT_PATH],
    Cmd: [FILTER_PATH],
    Hostname: spec.network === 'host' ? '' : HOST_NAME,
    WorkingDir: '/', // another would be made by the engine, for root alone
    Labels: {
      ...Object.fromEntries(labels),
      [LABEL.sandbox]: '1',
      [LABEL.owner]: JSON.stringify(owner),
      [LABEL.host]: hostname(),
    },
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    HostConfig: {
      NetworkMode: plainNetwork(spec.network, 'docker backend'),
      AutoRemove: true,
      LogConfig: { Type: 'none', Config: {} },
      Memory: limits.memoryBytes,
      MemorySwap: limits.memoryBytes,
      PidsLimit: limits.pids + PIDS_OF_ASSAY,
      NanoCpus: Math.round(Math.min(limits.cpus, engineCpus) * 1e9),
      ShmSize: Math.min(SHM_BYTES, limits.diskBytes),
      Tmpfs: { '/tmp': tmpfs(limits.diskBytes, '1777'), '/run': tmpfs(Math.min(SHM_BYTES, limits.diskBytes), '755') },
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        // Stated, for Podman otherwise asks for more than it may give where it lacks CAP_SYS_RESOURCE.
        { Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES },
        { Name: 'nproc', Soft: OPEN_PROCESSES, Hard: OPEN_PROCESSES },
        { Name: 'fsize', Soft: limits.diskBytes, Hard: limits.diskBytes },
      ],
      CapDrop: ['ALL'],
      CapAdd: asRoot ? CAPABILITIES : [],
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
    },
  };
}
