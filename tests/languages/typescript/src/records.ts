export const counted = (all: unknown[]): string => `${all.length} records`;
