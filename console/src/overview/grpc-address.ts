interface Grpc {
  listener: string
  advertised?: string
}

/**
 * Where an application reaches the gRPC listener, as far as this page can know; none if there is no listener.
 *
 * What the control plane advertises, or else its listener: at the host of this page if it listens on every
 * address.
 */
export function grpcAddress(grpc: Grpc | undefined, { hostname }: { hostname: string }): string | undefined {
  if (!grpc) return undefined
  if (grpc.advertised !== undefined) return grpc.advertised
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(grpc.listener) ?? []
  const isEverywhere = host === '0.0.0.0' || host === '[::]'
  return `http://${isEverywhere ? hostname : host}:${port}`
}
