import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.kpl.ExtendedSequenceNumber;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** Reads a stream with the KCL: leases in DynamoDB, metrics in CloudWatch. */
class KclReader {
    private final Client client;

    KclReader(Client client) {
        this.client = client;
    }

    static String version() {
        return RetrievalConfig.KINESIS_CLIENT_LIB_USER_AGENT_VERSION;
    }

    void start() {
        Client.say("version " + version());
        String application = client.stream + "-" + client.role;
        KinesisAsyncClient kinesis = KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder());
        ConfigsBuilder builder = new ConfigsBuilder(
                new SingleStreamTracker(client.stream, InitialPositionInStreamExtended
                        .newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
                application, kinesis, DynamoDbAsyncClient.create(), CloudWatchAsyncClient.create(),
                UUID.randomUUID().toString(), () -> new Processor(client));
        RetrievalConfig retrieval = builder.retrievalConfig().retrievalSpecificConfig(
                client.role.equals("poll")
                        ? new PollingConfig(client.stream, kinesis).idleTimeBetweenReadsInMillis(200)
                        : new FanOutConfig(kinesis).streamName(client.stream).applicationName(application));
        Scheduler scheduler = new Scheduler(
                builder.checkpointConfig(),
                builder.coordinatorConfig()
                        .parentShardPollIntervalMillis(Client.PATIENCE)
                        .shardConsumerDispatchPollIntervalMillis(Client.PATIENCE),
                builder.leaseManagementConfig().failoverTimeMillis(2000).shardSyncIntervalMillis(1000),
                builder.lifecycleConfig().taskBackoffTimeMillis(Client.PATIENCE),
                builder.metricsConfig().metricsLevel(MetricsLevel.DETAILED).metricsBufferTimeMillis(1000),
                builder.processorConfig(),
                retrieval);
        Thread thread = new Thread(scheduler);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Says the records of a batch once its checkpoint holds.
     *
     * <p>Who loses the lease meanwhile cannot know whether it does: the answer may be what was lost, with
     * the server. Who is given the lease next sees it, and says those that it has, or is given them again.
     */
    private static class Processor implements ShardRecordProcessor {
        private static final Map<String, Unsure> UNSURE = new ConcurrentHashMap<>();

        private final Client client;
        private Unsure unsure;

        Processor(Client client) {
            this.client = client;
        }

        @Override
        public void initialize(InitializationInput input) {
            Client.say("ready"); // it has a lease
            unsure = UNSURE.computeIfAbsent(input.shardId(), shard -> new Unsure());
            synchronized (unsure) { // who had it before may still be at its last batch
                tell(unsure.upTo(input.extendedSequenceNumber()));
                unsure.records.clear();
                unsure.of = this;
            }
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            synchronized (unsure) {
                if (checkpoint(input.checkpointer())) {
                    tell(input.records());
                } else if (unsure.of == this) {
                    unsure.records.addAll(input.records());
                }
            }
        }

        private static void tell(List<KinesisClientRecord> records) {
            for (KinesisClientRecord record : records) {
                Client.say("read " + StandardCharsets.UTF_8.decode(record.data().duplicate()));
            }
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            checkpoint(input.checkpointer());
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            System.err.println(client.role + ": lease lost");
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            checkpoint(input.checkpointer());
        }

        private boolean checkpoint(RecordProcessorCheckpointer checkpointer) {
            try {
                return client.insist(() -> {
                    try {
                        checkpointer.checkpoint();
                        return true;
                    } catch (ShutdownException error) {
                        return false;
                    }
                });
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    /** The records of a shard of which nobody knows whether their checkpoints hold. */
    private static class Unsure {
        final List<KinesisClientRecord> records = new ArrayList<>();
        Processor of; // who had the lease last

        List<KinesisClientRecord> upTo(ExtendedSequenceNumber checkpoint) {
            return records.stream().filter(record -> checkpoint.compareTo(new ExtendedSequenceNumber(
                    record.sequenceNumber(), record.subSequenceNumber())) >= 0).toList();
        }
    }
}
