# A formula for a tap of Homebrew: `make release` fills it in as dist/kinesis-cli.rb.
class KinesisCli < Formula
  desc "@DESCRIPTION@"
  homepage "https://github.com/@REPOSITORY@"
  url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/kinesis_cli-@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license "Apache-2.0"

  depends_on "python@3.13"

  def install
    system "python3.13", "-m", "venv", libexec
    system libexec/"bin/pip", "install", "--quiet", "#{buildpath}[all]"
    bin.install_symlink libexec/"bin/kcli"
    generate_completions_from_executable(bin/"kcli", "completion", "show", shells: [:bash, :zsh, :fish])
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/kcli --version")
    system "#{bin}/kcli event --temperature 20 > event.json && #{bin}/kcli simulate event.json"
  end
end
