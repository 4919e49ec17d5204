#include "wrap/av_decode/demuxer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>

#include "wrap/av_decode/internal.h"
#include "wrap/av_decode/unwrap.h"

namespace openday::wrap {
namespace {

constexpr int kTsPacket = 188;
constexpr size_t kMaxStreams = 16;
constexpr int64_t kMaxTime = int64_t{1}
                             << 60;  // ns, 36 years: beyond it a header lies, and sums would overflow
constexpr AVRational kNanoseconds{1, 1'000'000'000};
// Of live sources, and of files. Both lists leave out everything that opens other files or devices.
constexpr const char* kLiveFormats = "mpegts,flv,live_flv,hls,mp3,aac,rtsp,sdp";
constexpr const char* kFileFormats = "mpegts,flv,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,wav,ogg,avi,flac";

struct Stream {
  std::shared_ptr<const CodecSetup> setup;
  bool decodable = false;
  ParserPtr parser;  // splits audio, or finds key pictures in video
  CodecContext parser_codec;
  int64_t last_dts = AV_NOPTS_VALUE;  // ns
  int64_t step = 0;                   // between the last two units, ns
};

struct Dictionary {
  AVDictionary* entries = nullptr;
  Dictionary() = default;
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  ~Dictionary() { av_dict_free(&entries); }
  void set(const std::string& key, const std::string& value) {
    av_dict_set(&entries, key.c_str(), value.c_str(), 0);
  }
};

}  // namespace

struct Demuxer::State {
  AVFormatContext* format = nullptr;
  AVIOContext* io = nullptr;
  PacketPtr packet{av_packet_alloc()};
  Read read_more;
  UniqueFd file;
  std::shared_ptr<std::atomic<bool>> stop;
  Duration patience{0};
  HouseTime deadline{0};
  std::map<std::string, std::string> nested_settings;
  int (*open_default)(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) = nullptr;
  bool split_here = false;  // libavformat's own parsers are off
  std::map<int, Stream> streams;
  std::deque<DemuxedUnit> ready;       // of one packet
  int64_t reference = AV_NOPTS_VALUE;  // ns: the newest decode time of any stream
  std::string name;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    avformat_close_input(&format);
    if (io != nullptr) {
      av_freep(static_cast<void*>(&io->buffer));
      avio_context_free(&io);
    }
  }

  static int on_read(void* opaque, uint8_t* into, int size);
  static int on_file_read(void* opaque, uint8_t* into, int size);
  static int64_t on_file_seek(void* opaque, int64_t offset, int whence);
  static int on_interrupt(void* opaque);
  static int on_open(AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                     AVDictionary** options);

  void identified();
  void expect_progress() { deadline = SystemClock().now() + patience; }
  Stream& stream_of(const AVPacket& taken);
  void refresh_setup(Stream& stream, const AVPacket& taken, const AVCodecParameters& parameters);
  int64_t to_ns(const AVStream& stream, int64_t ticks) const;
  void take(const AVPacket& taken);
  void split_audio(Stream& stream, DemuxedUnit unit, const AVPacket& taken);
  bool is_key(Stream& stream, const AVPacket& taken);
  bool stamp(Stream& stream, DemuxedUnit& unit, int64_t pts, int64_t dts);
};

int Demuxer::State::on_read(void* opaque, uint8_t* into, int size) {
  auto* self = static_cast<State*>(opaque);
  size_t got = self->read_more(into, static_cast<size_t>(size));
  return got == 0 ? AVERROR_EOF : static_cast<int>(got);
}

int Demuxer::State::on_file_read(void* opaque, uint8_t* into, int size) {
  auto* self = static_cast<State*>(opaque);
  ssize_t got = ::read(self->file.get(), into, static_cast<size_t>(size));
  return got > 0 ? static_cast<int>(got) : got == 0 ? AVERROR_EOF : AVERROR(errno);
}

int64_t Demuxer::State::on_file_seek(void* opaque, int64_t offset, int whence) {
  auto* self = static_cast<State*>(opaque);
  if (whence == AVSEEK_SIZE) {
    struct stat info{};
    return ::fstat(self->file.get(), &info) == 0 ? info.st_size : AVERROR(errno);
  }
  off_t at = ::lseek(self->file.get(), offset, whence & ~AVSEEK_FORCE);
  return at >= 0 ? at : AVERROR(errno);
}

int Demuxer::State::on_interrupt(void* opaque) {
  auto* self = static_cast<State*>(opaque);
  return self->stop->load() || SystemClock().now() > self->deadline ? 1 : 0;
}

// Playlists, segments and keys of HLS are opened through here: they get the same certificate checks as the
// first URL, which libavformat does not hand on by itself.
int Demuxer::State::on_open(AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                            AVDictionary** options) {
  auto* self = static_cast<State*>(context->opaque);
  Dictionary own;
  AVDictionary** into = options != nullptr ? options : &own.entries;
  for (const auto& [key, value] : self->nested_settings) av_dict_set(into, key.c_str(), value.c_str(), 0);
  return self->open_default(context, io, url, flags, into);
}

// libavformat's parsers hold a picture back until the next one starts, and give the frames of an AAC packet
// one time.
void Demuxer::State::identified() {
  name = format->iformat->name;
  split_here = name == "mpegts";
  if (split_here) format->flags |= AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN;
}

Demuxer::Demuxer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Demuxer::Demuxer(Demuxer&&) noexcept = default;
Demuxer& Demuxer::operator=(Demuxer&&) noexcept = default;
Demuxer::~Demuxer() = default;
const std::string& Demuxer::format() const {
  return state_->name;
}

Result<Demuxer> Demuxer::open_ts(Read read) {
  auto state = std::make_unique<State>();
  state->read_more = std::move(read);
  constexpr int kBuffer = kTsPacket * 32;
  state->io = avio_alloc_context(static_cast<uint8_t*>(av_malloc(kBuffer)), kBuffer, 0, state.get(),
                                 &State::on_read, nullptr, nullptr);
  state->format = avformat_alloc_context();
  if (state->io == nullptr || state->format == nullptr) return fail(Errc::kLimit, "out of memory");
  state->format->pb = state->io;
  state->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_NOBUFFER;
  state->format->probesize =
      256 * 1024;  // how far the demuxer looks for the first program map before it goes on
  state->format->correct_ts_overflow = 0;
  int opened = avformat_open_input(&state->format, nullptr, av_find_input_format("mpegts"), nullptr);
  if (opened < 0) return std::unexpected(av_error("mpegts", opened));
  state->identified();
  return Demuxer(std::move(state));
}

Result<Demuxer> Demuxer::open_file(UniqueFd file) {
  auto state = std::make_unique<State>();
  state->file = std::move(file);
  constexpr int kBuffer = 64 * 1024;
  state->io = avio_alloc_context(static_cast<uint8_t*>(av_malloc(kBuffer)), kBuffer, 0, state.get(),
                                 &State::on_file_read, nullptr, &State::on_file_seek);
  state->format = avformat_alloc_context();
  if (state->io == nullptr || state->format == nullptr) return fail(Errc::kLimit, "out of memory");
  state->format->pb = state->io;
  state->format->flags |= AVFMT_FLAG_CUSTOM_IO;
  state->format->correct_ts_overflow = 0;
  Dictionary options;
  options.set("format_whitelist", kFileFormats);
  options.set("protocol_whitelist", "");
  int opened = avformat_open_input(&state->format, nullptr, nullptr, &options.entries);
  if (opened < 0) return std::unexpected(av_error("opening the file", opened));
  state->identified();
  return Demuxer(std::move(state));
}

Result<Demuxer> Demuxer::open_url(const std::string& url, const UrlOptions& options,
                                  std::shared_ptr<std::atomic<bool>> stop) {
  auto state = std::make_unique<State>();
  state->stop = std::move(stop);
  state->patience = options.patience;
  state->nested_settings = options.settings;
  state->format = avformat_alloc_context();
  if (state->format == nullptr) return fail(Errc::kLimit, "out of memory");
  AVFormatContext& format = *state->format;
  format.interrupt_callback = {&State::on_interrupt, state.get()};
  format.opaque = state.get();
  state->open_default = format.io_open;
  format.io_open = &State::on_open;
  format.flags |= AVFMT_FLAG_NOBUFFER;
  format.probesize = 256 * 1024;
  format.correct_ts_overflow = 0;
  const AVInputFormat* input = nullptr;
  if (!options.format.empty()) {
    input = av_find_input_format(options.format.c_str());
    if (input == nullptr) return fail(Errc::kUnsupported, "no demuxer called " + options.format);
  }
  Dictionary settings;
  for (const auto& [key, value] : options.settings) settings.set(key, value);
  settings.set("format_whitelist", kLiveFormats);
  settings.set("protocol_whitelist", options.protocols);
  state->expect_progress();
  int opened = avformat_open_input(&state->format, url.c_str(), input, &settings.entries);
  if (opened < 0) {
    bool late = SystemClock().now() > state->deadline;
    return std::unexpected(av_error("opening the source", late ? AVERROR(ETIMEDOUT) : opened));
  }
  state->identified();
  return Demuxer(std::move(state));
}

Result<DemuxedUnit> Demuxer::read() {
  State& state = *state_;
  while (state.ready.empty()) {
    if (state.stop) state.expect_progress();
    int got = av_read_frame(state.format, state.packet.get());
    if (got == AVERROR(EAGAIN)) continue;
    if (got < 0) {
      bool late = state.stop && SystemClock().now() > state.deadline;
      return std::unexpected(av_error("reading the source", late ? AVERROR(ETIMEDOUT) : got));
    }
    state.take(*state.packet);
    av_packet_unref(state.packet.get());
  }
  DemuxedUnit unit = std::move(state.ready.front());
  state.ready.pop_front();
  return unit;
}

Result<> Demuxer::rewind() {
  State& state = *state_;
  int done = avformat_seek_file(state.format, -1, INT64_MIN, INT64_MIN, INT64_MAX, 0);
  if (done < 0) done = av_seek_frame(state.format, -1, 0, AVSEEK_FLAG_BYTE);
  if (done < 0) return std::unexpected(av_error("rewinding", done));
  state.reference = AV_NOPTS_VALUE;
  for (auto& [index, stream] : state.streams) stream.last_dts = AV_NOPTS_VALUE;
  return {};
}

void Demuxer::State::refresh_setup(Stream& stream, const AVPacket& taken,
                                   const AVCodecParameters& parameters) {
  ByteView config(parameters.extradata, static_cast<size_t>(parameters.extradata_size));
  size_t fresh_size = 0;
  const uint8_t* fresh = av_packet_get_side_data(&taken, AV_PKT_DATA_NEW_EXTRADATA, &fresh_size);
  if (fresh != nullptr) config = {fresh, fresh_size};
  std::string codec = avcodec_get_name(parameters.codec_id);
  if (stream.setup && fresh == nullptr && stream.setup->codec == codec &&
      (config.empty() || std::ranges::equal(config, stream.setup->config))) {
    return;
  }
  CodecSetup setup{codec, Bytes(config.begin(), config.end()), parameters.sample_rate,
                   parameters.ch_layout.nb_channels};
  if (stream.setup && *stream.setup == setup) return;
  stream.decodable = is_decodable(codec);
  stream.parser.reset();
  stream.parser_codec.reset();
  if (split_here && stream.decodable) {
    stream.parser.reset(av_parser_init(parameters.codec_id));
    stream.parser_codec.reset(avcodec_alloc_context3(nullptr));
    if (stream.parser_codec) avcodec_parameters_to_context(stream.parser_codec.get(), &parameters);
    if (stream.parser && parameters.codec_type == AVMEDIA_TYPE_VIDEO)
      stream.parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  }
  stream.setup = std::make_shared<const CodecSetup>(std::move(setup));
}

int64_t Demuxer::State::to_ns(const AVStream& stream, int64_t ticks) const {
  if (reference != AV_NOPTS_VALUE) {
    ticks = unwrap(ticks, stream.pts_wrap_bits, av_rescale_q(reference, kNanoseconds, stream.time_base));
  }
  return av_rescale_q(ticks, stream.time_base, kNanoseconds);
}

// A unit without a time follows the one before it. False: there is none before it, or its time is nonsense.
bool Demuxer::State::stamp(Stream& stream, DemuxedUnit& unit, int64_t pts, int64_t dts) {
  if (dts == AV_NOPTS_VALUE) dts = pts;
  if (dts == AV_NOPTS_VALUE && stream.last_dts != AV_NOPTS_VALUE) dts = stream.last_dts + stream.step;
  if (dts == AV_NOPTS_VALUE) return false;
  if (pts == AV_NOPTS_VALUE) pts = dts;
  if (dts > kMaxTime || dts < -kMaxTime || pts > kMaxTime || pts < -kMaxTime) return false;
  if (stream.last_dts != AV_NOPTS_VALUE && dts > stream.last_dts) {
    stream.step = std::min<int64_t>(dts - stream.last_dts, 1'000'000'000);
  }
  stream.last_dts = dts;
  reference = dts;
  unit.pts = Duration(pts);
  unit.dts = Duration(dts);
  return true;
}

bool Demuxer::State::is_key(Stream& stream, const AVPacket& taken) {
  if (!stream.parser || !stream.parser_codec) return (taken.flags & AV_PKT_FLAG_KEY) != 0;
  uint8_t* out = nullptr;
  int out_size = 0;
  av_parser_parse2(stream.parser.get(), stream.parser_codec.get(), &out, &out_size, taken.data, taken.size,
                   taken.pts, taken.dts, taken.pos);
  int key = stream.parser->key_frame;  // −1: this parser cannot tell
  return key == 1 || (key < 0 && stream.parser->pict_type == AV_PICTURE_TYPE_I);
}

namespace {

/// Of an AAC frame whose container and parser do not say it, ns. ISO/IEC 14496-3, 1.A.2.2: sampling frequency
/// index and number of raw data blocks of an ADTS header; else the commonest.
int64_t aac_length(ByteView frame) {
  static constexpr int kRates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                   22050, 16000, 12000, 11025, 8000,  7350};
  constexpr int kBlock = 1024;
  if (frame.size() >= 7 && frame[0] == 0xFF && (frame[1] & 0xF0) == 0xF0) {
    size_t index = (frame[2] >> 2) & 0xF;
    if (index < std::size(kRates))
      return int64_t{kBlock} * ((frame[6] & 3) + 1) * 1'000'000'000 / kRates[index];
  }
  return int64_t{kBlock} * 1'000'000'000 / media::HouseFormat::kSampleRate;
}

}  // namespace

// A PES packet holds several audio frames; only the first has a time.
void Demuxer::State::split_audio(Stream& stream, DemuxedUnit unit, const AVPacket& taken) {
  const AVStream& source = *format->streams[taken.stream_index];
  int64_t pts = taken.pts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : to_ns(source, taken.pts);
  const uint8_t* at = taken.data;
  int left = taken.size;
  while (left > 0) {
    uint8_t* out = nullptr;
    int out_size = 0;
    int used = av_parser_parse2(stream.parser.get(), stream.parser_codec.get(), &out, &out_size, at, left,
                                pts, pts, -1);
    if (used < 0 || (used == 0 && out_size == 0)) break;
    at += used;
    left -= used;
    pts = AV_NOPTS_VALUE;
    if (out_size == 0) continue;
    const AVCodecContext& codec = *stream.parser_codec;
    int64_t length = codec.sample_rate > 0 && stream.parser->duration > 0
                         ? int64_t{stream.parser->duration} * 1'000'000'000 / codec.sample_rate
                         : aac_length({out, static_cast<size_t>(out_size)});
    unit.duration = Duration(length);
    unit.data = std::make_shared<const Bytes>(out, out + out_size);
    bool timed = stamp(stream, unit, stream.parser->pts, AV_NOPTS_VALUE);
    stream.step = length;
    if (timed) ready.push_back(unit);
  }
}

void Demuxer::State::take(const AVPacket& taken) {
  if (taken.stream_index < 0 || taken.size <= 0) return;
  const AVStream& source = *format->streams[taken.stream_index];
  const AVCodecParameters& parameters = *source.codecpar;
  bool video = parameters.codec_type == AVMEDIA_TYPE_VIDEO;
  if (!video && parameters.codec_type != AVMEDIA_TYPE_AUDIO) return;
  if ((source.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return;
  if (streams.size() >= kMaxStreams && !streams.contains(taken.stream_index)) return;
  Stream& stream = streams[taken.stream_index];
  refresh_setup(stream, taken, parameters);
  if (!stream.decodable) return;
  DemuxedUnit unit;
  unit.stream = taken.stream_index;
  unit.kind = video ? media::Kind::kVideo : media::Kind::kAudio;
  unit.setup = stream.setup;
  unit.after_loss = (taken.flags & AV_PKT_FLAG_CORRUPT) != 0;
  if (!video && stream.parser && stream.parser_codec) {
    unit.key = true;
    split_audio(stream, std::move(unit), taken);
    return;
  }
  unit.key = !video || is_key(stream, taken);
  unit.duration = Duration(av_rescale_q(taken.duration, source.time_base, kNanoseconds));
  unit.data = std::make_shared<const Bytes>(taken.data, taken.data + taken.size);
  int64_t dts = taken.dts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : to_ns(source, taken.dts);
  int64_t pts = taken.pts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : to_ns(source, taken.pts);
  if (!stamp(stream, unit, pts, dts)) return;
  if (!video) {
    // HLS gives only the first frame of a packet a time; those after it follow at their length.
    if (unit.duration <= Duration(0)) unit.duration = Duration(aac_length(*unit.data));
    stream.step = unit.duration.count();
  }
  ready.push_back(std::move(unit));
}

}  // namespace openday::wrap
