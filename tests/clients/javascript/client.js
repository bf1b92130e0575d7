// One client of a stream, as tests/clients/README.md has it.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  SubscribeToShardCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";

const PATIENCE = 100; // ms before what failed is tried again
const [role, StreamName] = process.argv.slice(2);
const kinesis = new KinesisClient({});
const say = (...words) => process.stdout.write(`${words.join(" ")}\n`);

// Until it succeeds: the server is killed and started again.
async function insist(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      process.stderr.write(`${role}: ${error}\n`);
      await sleep(PATIENCE);
    }
  }
}

async function shards() {
  const found = [];
  let page = { StreamName };
  do {
    const answer = await kinesis.send(new ListShardsCommand(page));
    found.push(...answer.Shards);
    page = answer.NextToken && { NextToken: answer.NextToken };
  } while (page);
  return found;
}

async function openShards() {
  const open = (await shards()).filter((shard) => !shard.SequenceNumberRange.EndingSequenceNumber);
  const start = (shard) => BigInt(shard.HashKeyRange.StartingHashKey);
  return open.sort((one, other) => (start(one) < start(other) ? -1 : 1));
}

// --- putting

function entry(number) {
  const key = `key-${number % 100}`;
  return { PartitionKey: key, Data: new TextEncoder().encode(`${key} ${number}`) };
}

async function put(first, end) {
  for (let from = first; from < end; ) {
    const to = Math.min(from + 100, end);
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    await insist(async () => {
      const answer = await kinesis.send(
        new PutRecordsCommand({ StreamName, Records: numbers.map(entry) }),
      );
      if (answer.FailedRecordCount) throw new Error(`${answer.FailedRecordCount} records failed`);
    });
    say("acknowledged", from, to);
    from = to;
  }
}

const commands = {
  async create(count) {
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: Number(count) }));
  },
  async put(first, end) {
    await kinesis.send(new PutRecordCommand({ StreamName, ...entry(Number(first)) }));
    say("acknowledged", first, Number(first) + 1);
    await put(Number(first) + 1, Number(end));
  },
  async split() {
    const [shard] = await openShards();
    const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
    const NewStartingHashKey = String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n);
    await kinesis.send(
      new SplitShardCommand({ StreamName, ShardToSplit: shard.ShardId, NewStartingHashKey }),
    );
  },
  async merge() {
    const [one, other] = await openShards();
    await kinesis.send(
      new MergeShardsCommand({
        StreamName,
        ShardToMerge: one.ShardId,
        AdjacentShardToMerge: other.ShardId,
      }),
    );
  },
  async resize(count) {
    const TargetShardCount = Number(count);
    await kinesis.send(
      new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: "UNIFORM_SCALING" }),
    );
  },
};

async function produce() {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...numbers] = line.split(" ");
    await commands[name](...numbers);
    say("done");
  }
}

// --- reading: a shard begins when its parents have ended

const tell = (records) => {
  for (const record of records) say("read", new TextDecoder().decode(record.Data));
};

const position = (after) =>
  after
    ? { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: after }
    : { Type: "TRIM_HORIZON" };

async function consume(readShard) {
  const begun = new Set();
  const ended = new Set();
  for (;;) {
    const all = await insist(shards);
    const known = new Set(all.map((shard) => shard.ShardId));
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of all) {
      const parents = [ParentShardId, AdjacentParentShardId].filter((each) => known.has(each));
      if (begun.has(ShardId) || !parents.every((each) => ended.has(each))) continue;
      begun.add(ShardId);
      readShard(ShardId).then(() => ended.add(ShardId));
    }
    await sleep(PATIENCE);
  }
}

async function poll(ShardId) {
  let after;
  const iterate = async () => {
    const { Type, SequenceNumber } = position(after);
    const answer = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId,
        ShardIteratorType: Type,
        StartingSequenceNumber: SequenceNumber,
      }),
    );
    return answer.ShardIterator;
  };
  let iterator = await insist(iterate);
  while (iterator) {
    try {
      const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 200 }));
      tell(answer.Records);
      after = answer.Records.at(-1)?.SequenceNumber ?? after;
      iterator = answer.NextShardIterator;
      if (!answer.Records.length) await sleep(PATIENCE);
    } catch (error) {
      process.stderr.write(`${role}: ${error}\n`);
      await sleep(PATIENCE);
      iterator = await insist(iterate);
    }
  }
}

async function registered() {
  const { StreamDescriptionSummary } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  const name = { StreamARN: StreamDescriptionSummary.StreamARN, ConsumerName: "client" };
  await kinesis.send(new RegisterStreamConsumerCommand(name));
  for (;;) {
    const { ConsumerDescription } = await kinesis.send(new DescribeStreamConsumerCommand(name));
    if (ConsumerDescription.ConsumerStatus === "ACTIVE") return ConsumerDescription.ConsumerARN;
    await sleep(PATIENCE);
  }
}

async function subscribe(ConsumerARN, ShardId) {
  let after;
  for (;;) {
    try {
      const answer = await kinesis.send(
        new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition: position(after) }),
      );
      for await (const { SubscribeToShardEvent: event } of answer.EventStream) {
        tell(event.Records);
        if (!event.ContinuationSequenceNumber) return;
        after = event.ContinuationSequenceNumber;
      }
    } catch (error) {
      process.stderr.write(`${role}: ${error}\n`);
    }
    await sleep(PATIENCE);
  }
}

// --- the roles

const { version } = createRequire(import.meta.url)("@aws-sdk/client-kinesis/package.json");
say("version", version);
if (role === "put") {
  await produce();
} else {
  process.stdin.resume().on("end", () => process.exit(0));
  const consumer = role === "fan-out" ? await insist(registered) : undefined;
  say("ready");
  await consume(consumer ? (shard) => subscribe(consumer, shard) : poll);
}
