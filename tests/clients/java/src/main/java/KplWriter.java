import com.google.common.util.concurrent.ListenableFuture;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/** Puts with the KPL, whose native process speaks TLS only and has certificates of its own. */
class KplWriter {
    private final KinesisProducer producer;
    private final String stream;

    KplWriter(String stream) {
        this.stream = stream;
        URI local = URI.create(System.getenv("AWS_ENDPOINT_URL"));
        producer = new KinesisProducer(new KinesisProducerConfiguration()
                .setKinesisEndpoint(local.getHost()).setKinesisPort(local.getPort())
                .setCloudwatchEndpoint(local.getHost()).setCloudwatchPort(local.getPort())
                .setStsEndpoint(local.getHost()).setStsPort(local.getPort())
                .setVerifyCertificate(false)
                .setRegion(System.getenv("AWS_REGION"))
                .setRecordTtl(600_000));
    }

    static String version() throws IOException {
        String place = "/META-INF/maven/software.amazon.kinesis/amazon-kinesis-producer/pom.properties";
        Properties built = new Properties();
        try (InputStream file = KinesisProducer.class.getResourceAsStream(place)) {
            built.load(file);
        }
        return built.getProperty("version");
    }

    void put(int first, int end) throws Exception {
        for (int from = first; from < end; from += 100) {
            int to = Math.min(from + 100, end);
            List<ListenableFuture<UserRecordResult>> results = new ArrayList<>();
            for (int number = from; number < to; number++) {
                results.add(producer.addUserRecord(stream, Client.key(number),
                        Client.data(number).asByteBuffer()));
            }
            for (ListenableFuture<UserRecordResult> result : results) {
                result.get();
            }
            Client.say("acknowledged " + from + " " + to);
        }
    }

    void close() {
        producer.flushSync();
        producer.destroy();
    }
}
