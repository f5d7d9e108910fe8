// Gives a program and all that it starts a share of one core: by a control group of Linux, else by stopping it again and again.

import { chmod, mkdir, rmdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const GROUPS = "/sys/fs/cgroup";
const PERIOD_US = 20_000;
const STOPS_MS = 40;

/** What to start in place of `program`; it runs freely until it is held to a share. */
export async function slowed(folder, program) {
  const group = (await groupOf1()) ?? (await groupOf2());
  if (!group) return stopping(program);
  const start = join(folder, "start.sh");
  await writeFile(start, `#!/bin/sh\necho $$ > "${group.folder}/cgroup.procs"\nexec "${program}" "$@"\n`);
  await chmod(start, 0o755);
  return {
    program: start,
    how: group.how,
    hold: (share) => group.limit(Math.round(PERIOD_US * share)),
    release: () => group.limit(null),
    end: () => removed(group.folder),
  };
}

const name = () => `shouwen-bench-${process.pid}`;

async function groupOf1() {
  const folder = join(GROUPS, "cpu", name());
  try {
    await mkdir(folder);
    await writeFile(join(folder, "cpu.cfs_period_us"), String(PERIOD_US));
  } catch {
    return undefined;
  }
  const limit = (us) => writeFile(join(folder, "cpu.cfs_quota_us"), String(us ?? -1));
  return { folder, limit, how: "cpu.cfs_quota_us" };
}

async function groupOf2() {
  const folder = join(GROUPS, name());
  try {
    await mkdir(folder);
    await readFile(join(folder, "cpu.max"));
  } catch {
    await rmdir(folder).catch(() => {});
    return undefined;
  }
  const limit = (us) => writeFile(join(folder, "cpu.max"), `${us ?? "max"} ${PERIOD_US}`);
  return { folder, limit, how: "cpu.max" };
}

/** A group goes once the last of its processes has gone. */
async function removed(folder) {
  for (;;) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if (error.code !== "EBUSY") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** While it runs it may use every core: kinder than a quota. */
function stopping(program) {
  let timer;
  let leader;
  const release = async () => {
    clearTimeout(timer);
    if (leader) process.kill(-leader, "SIGCONT");
    leader = undefined;
  };
  const hold = async (share, pid) => {
    leader = pid;
    const turn = (runs) => {
      process.kill(-leader, runs ? "SIGCONT" : "SIGSTOP");
      timer = setTimeout(() => turn(!runs), STOPS_MS * (runs ? share : 1 - share));
    };
    turn(false);
  };
  return { program, how: "SIGSTOP and SIGCONT", hold, release, end: async () => {} };
}
