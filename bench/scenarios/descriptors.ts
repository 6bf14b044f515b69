// How many connections the system lets a process have.

/** Descriptors of a server that are no connections. */
const reserve = 200;

/** How many one process may have. */
export function mostConnections(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | string } };
  };
  const limit = Number(userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit - reserve;
}
