// See ../README.md.

if (process.env.INIT_ERROR !== undefined) throw new Error(process.env.INIT_ERROR);

exports.handler = async (event) => {
  const told = event.do ?? {};
  if ('fail' in told) {
    const found = event.Records.map((record) => record.kinesis.sequenceNumber);
    const failed = told.fail.filter((number) => found.includes(number));
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  }
  if ('return' in told) return told.return;
  if ('raise' in told) throw new Error(told.raise);
  if ('large' in told) return 'x'.repeat(told.large);
  if ('nothing' in told) return undefined;
  if ('exit' in told) process.exit(told.exit);
  if ('sleep' in told) await new Promise((resolve) => setTimeout(resolve, 1_000_000));
  for (const line of told.log ?? []) process.stdout.write(`${line}\n`);
  return { batchItemFailures: [] };
};
