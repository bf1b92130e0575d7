import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.services.kinesis.model.ConsumerDescription;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StartingPosition;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** Reads a stream with the SDK; a shard begins when its parents have ended. */
class SdkReader {
    private final Client client;
    private final String stream;
    private final Set<String> begun = new HashSet<>();
    private final Set<String> ended = ConcurrentHashMap.newKeySet();

    SdkReader(Client client) {
        this.client = client;
        this.stream = client.stream;
    }

    interface ReadShard {
        void read(String shard) throws InterruptedException;
    }

    void start() throws InterruptedException {
        Client.say("version " + VersionInfo.SDK_VERSION);
        ReadShard reading = this::poll;
        if (client.role.equals("fan-out")) {
            String consumer = client.insist(this::registered);
            reading = shard -> subscribe(consumer, shard);
        }
        Client.say("ready");
        ReadShard chosen = reading;
        spawn(() -> consume(chosen));
    }

    interface Work {
        void run() throws InterruptedException;
    }

    private static void spawn(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void consume(ReadShard reading) throws InterruptedException {
        while (true) {
            List<Shard> all = client.insist(client::shards);
            Set<String> known = new HashSet<>(all.stream().map(Shard::shardId).toList());
            for (Shard shard : all) {
                boolean waits = Stream.of(shard.parentShardId(), shard.adjacentParentShardId())
                        .anyMatch(parent -> parent != null && known.contains(parent) && !ended.contains(parent));
                if (!waits && begun.add(shard.shardId())) {
                    spawn(() -> {
                        reading.read(shard.shardId());
                        ended.add(shard.shardId());
                    });
                }
            }
            Thread.sleep(Client.PATIENCE);
        }
    }

    private static void tell(List<Record> records) {
        records.forEach(record -> Client.say("read " + record.data().asUtf8String()));
    }

    private void poll(String shard) throws InterruptedException {
        String[] after = {null};
        String iterator = client.insist(() -> iterator(shard, after[0]));
        while (iterator != null) {
            try {
                String from = iterator;
                GetRecordsResponse answer = client.kinesis
                        .getRecords(r -> r.shardIterator(from).limit(200)).join();
                List<Record> records = answer.records();
                tell(records);
                iterator = answer.nextShardIterator();
                if (records.isEmpty()) {
                    Thread.sleep(Client.PATIENCE);
                } else {
                    after[0] = records.get(records.size() - 1).sequenceNumber();
                }
            } catch (RuntimeException error) {
                client.failed(error);
                iterator = client.insist(() -> iterator(shard, after[0]));
            }
        }
    }

    private String iterator(String shard, String after) {
        return client.kinesis.getShardIterator(r -> r.streamName(stream).shardId(shard)
                .shardIteratorType(kind(after)).startingSequenceNumber(after)).join().shardIterator();
    }

    private static ShardIteratorType kind(String after) {
        return after == null ? ShardIteratorType.TRIM_HORIZON : ShardIteratorType.AFTER_SEQUENCE_NUMBER;
    }

    private String registered() throws InterruptedException {
        String arn = client.kinesis.describeStreamSummary(r -> r.streamName(stream)).join()
                .streamDescriptionSummary().streamARN();
        client.kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("client")).join();
        while (true) {
            ConsumerDescription consumer = client.kinesis
                    .describeStreamConsumer(r -> r.streamARN(arn).consumerName("client")).join()
                    .consumerDescription();
            if (consumer.consumerStatus() == ConsumerStatus.ACTIVE) {
                return consumer.consumerARN();
            }
            Thread.sleep(Client.PATIENCE);
        }
    }

    private void subscribe(String consumer, String shard) throws InterruptedException {
        String[] after = {null};
        boolean[] last = {false};
        SubscribeToShardResponseHandler.Visitor visitor = new SubscribeToShardResponseHandler.Visitor() {
            @Override
            public void visit(SubscribeToShardEvent event) {
                tell(event.records());
                last[0] = event.continuationSequenceNumber() == null;
                if (!last[0]) {
                    after[0] = event.continuationSequenceNumber();
                }
            }
        };
        while (!last[0]) {
            StartingPosition position = StartingPosition.builder().type(kind(after[0]))
                    .sequenceNumber(after[0]).build();
            try {
                client.kinesis.subscribeToShard(
                        r -> r.consumerARN(consumer).shardId(shard).startingPosition(position),
                        SubscribeToShardResponseHandler.builder().subscriber(visitor).build()).join();
            } catch (RuntimeException error) {
                client.failed(error);
            }
        }
    }
}
