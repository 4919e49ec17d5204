// A camera: H.264 and AAC over RTSP with interleaved RTP (RFC 2326, 6184, 3640), from a file's units.
#pragma once

#include <string>
#include <vector>

#include "feed/unit.h"
#include "servers.h"

namespace openday::test {

class RtspServer {
 public:
  explicit RtspServer(std::vector<feed::Unit> units)
      : units_(std::move(units)), server_([this](Peer& peer) { serve(peer); }) {}
  [[nodiscard]] std::string url() const {
    return "rtsp://127.0.0.1:" + std::to_string(server_.port()) + "/camera";
  }

 private:
  static std::string base64(ByteView bytes) {
    static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 3) {
      uint32_t three = 0;
      for (size_t k = 0; k < 3; ++k) three = three << 8 | (i + k < bytes.size() ? bytes[i + k] : 0u);
      for (size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kDigits[three >> (18 - 6 * k) & 63];
    }
    return out;
  }

  [[nodiscard]] const feed::Setup& setup(media::Kind kind) const {
    for (const auto& unit : units_) {
      if (unit.kind == kind) return *unit.setup;
    }
    throw std::logic_error("the file lacks a stream");
  }

  [[nodiscard]] std::string description() const {
    ByteReader avcc(setup(media::Kind::kVideo).config);  // ISO/IEC 14496-15, 5.3.3.1
    avcc.skip(6);
    ByteView sps = avcc.take(avcc.u16());
    avcc.skip(1);
    ByteView pps = avcc.take(avcc.u16());
    return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\na=control:*\r\n"
           "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
           "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=" +
           base64(sps) + "," + base64(pps) +
           "\r\na=control:video\r\n"
           "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/1\r\n"
           "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
           "indexdeltalength=3;config=" +
           to_hex(setup(media::Kind::kAudio).config) + "\r\na=control:audio\r\n";
  }

  void serve(Peer& peer) {
    for (;;) {
      std::string request = peer.request();
      if (request.empty()) return;
      size_t at = request.find("CSeq:");
      std::string sequence =
          at == std::string::npos ? "0" : request.substr(at + 5, request.find('\r', at) - at - 5);
      std::string head = "RTSP/1.0 200 OK\r\nCSeq:" + sequence + "\r\nSession: 1\r\n";
      if (request.starts_with("OPTIONS")) {
        peer.send(head + "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n");
      } else if (request.starts_with("DESCRIBE")) {
        std::string sdp = description();
        peer.send(head + "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(sdp.size()) +
                  "\r\n\r\n" + sdp);
      } else if (request.starts_with("SETUP") && request.find("RTP/AVP/TCP") != std::string::npos) {
        bool audio = request.find("/audio") < request.find('\r');
        peer.send(head + "Transport: RTP/AVP/TCP;unicast;interleaved=" + (audio ? "2-3" : "0-1") +
                  "\r\n\r\n");
      } else if (request.starts_with("SETUP")) {
        peer.send("RTSP/1.0 461 Unsupported Transport\r\nCSeq:" + sequence + "\r\n\r\n");
      } else if (request.starts_with("PLAY")) {
        peer.send(head + "Range: npt=0-\r\n\r\n");
        play(peer);
        return;
      } else {
        return;
      }
    }
  }

  void play(Peer& peer) {
    HouseTime start = peer.now();
    Duration first = units_.front().dts;
    uint16_t sequences[2] = {100, 200};
    for (const auto& unit : units_) {
      if (!peer.wait_until(start + (unit.dts - first))) return;
      bool video = unit.kind == media::Kind::kVideo;
      int64_t rate = video ? 90000 : 48000;
      auto time = static_cast<uint32_t>((unit.pts - first).count() / 1000 * rate / 1'000'000);
      bool sent = video ? send_video(peer, *unit.data, time, sequences[0])
                        : send_audio(peer, *unit.data, time, sequences[1]);
      if (!sent) return;
    }
  }

  static bool send_rtp(Peer& peer, int channel, int payload, bool marker, uint32_t time, uint16_t& sequence,
                       ByteView head, ByteView data) {
    Bytes out;
    ByteWriter writer(out);
    writer.u8('$');  // RFC 2326, 10.12
    writer.u8(static_cast<uint8_t>(channel));
    writer.u16(static_cast<uint16_t>(12 + head.size() + data.size()));
    writer.u8(0x80);
    writer.u8(static_cast<uint8_t>((marker ? 0x80 : 0) | payload));
    writer.u16(sequence++);
    writer.u32(time);
    writer.u32(static_cast<uint32_t>(channel + 1));
    writer.append(head);
    writer.append(data);
    return peer.send(out);
  }

  static bool send_video(Peer& peer, ByteView unit, uint32_t time, uint16_t& sequence) {
    constexpr size_t kMost = 1400;
    ByteReader in(unit);
    while (in.remaining() > 4) {
      ByteView nal = in.take(in.u32());
      if (nal.empty()) return false;
      bool last = in.remaining() <= 4;
      if (nal.size() <= kMost) {
        if (!send_rtp(peer, 0, 96, last, time, sequence, {}, nal)) return false;
        continue;
      }
      for (size_t at = 1; at < nal.size(); at += kMost) {  // RFC 6184, 5.8: FU-A
        size_t count = std::min(kMost, nal.size() - at);
        bool end = at + count == nal.size();
        uint8_t head[2] = {static_cast<uint8_t>((nal[0] & 0xE0) | 28),
                           static_cast<uint8_t>((at == 1 ? 0x80 : 0) | (end ? 0x40 : 0) | (nal[0] & 0x1F))};
        if (!send_rtp(peer, 0, 96, last && end, time, sequence, head, nal.subspan(at, count))) return false;
      }
    }
    return true;
  }

  static bool send_audio(Peer& peer, ByteView frame, uint32_t time, uint16_t& sequence) {
    auto size = static_cast<uint16_t>(frame.size() << 3);  // RFC 3640, 3.3.6: AAC-hbr
    uint8_t head[4] = {0, 16, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
    return send_rtp(peer, 2, 97, true, time, sequence, head, frame);
  }

  const std::vector<feed::Unit> units_;
  TcpServer server_;  // last
};

}  // namespace openday::test
