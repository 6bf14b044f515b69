// The share of a core that this process took since it was last asked.
export class CpuWatch {
  #cpu: NodeJS.CpuUsage = process.cpuUsage();
  #atMs: number = performance.now();

  share(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    const share = (user + system) / 1_000 / (performance.now() - this.#atMs);
    this.#cpu = process.cpuUsage();
    this.#atMs = performance.now();
    return share;
  }
}
