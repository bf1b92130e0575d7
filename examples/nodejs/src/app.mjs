// Counts clicks, and reports those that nobody can read.
export const handler = async (event) => {
  const batchItemFailures = [];
  for (const { kinesis } of event.Records) {
    try {
      const click = JSON.parse(Buffer.from(kinesis.data, "base64").toString("utf8"));
      console.log(`${click.page} was clicked`);
    } catch (error) {
      console.error(`click ${kinesis.sequenceNumber}: ${error.message}`);
      batchItemFailures.push({ itemIdentifier: kinesis.sequenceNumber });
    }
  }
  return { batchItemFailures };
};
