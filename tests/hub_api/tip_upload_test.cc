// Tips with photos, through the site's real server. Longer than other files: its cases share the forms they
// send, byte by byte, and the crowds that wait for a turn.
#include "hub/tip_upload.h"

#include <fmt/format.h>

#include "tip_booth.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

const std::string kEdge = "----edge";
const std::string kText = "I saw it < there";

std::string part(std::string_view name, std::string_view content) {
  return fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", kEdge, name,
                     content);
}
std::string photo(std::string_view content, std::string_view file = "PLANTED-NAME.jpg") {
  return fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"{}\"\r\nContent-Type: "
      "image/jpeg\r\n\r\n{}\r\n",
      kEdge, file, content);
}
std::string texts(std::string_view moment = "") {
  return part("lang", "en") + part("kind", "lead") + part("broadcast", "day") + part("moment", moment) +
         part("text", kText) + part("contact", "");
}
std::string form_of(const std::string& photos, std::string_view moment = "") {
  return texts(moment) + photos + "--" + kEdge + "--\r\n";
}
std::string head(const std::string& length, const std::string& target = "/send") {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: tips.example\r\nContent-Type: multipart/form-data; "
      "boundary={}\r\n{}\r\n\r\n",
      target, kEdge, length);
}
std::string request_of(const std::string& body) {
  return head(fmt::format("Content-Length: {}", body.size())) + body;
}

struct Counter : Booth {
  explicit Counter(bool photos = true, HttpOptions options = {}) : Booth(true, photos, std::move(options)) {}

  Client client(const char* from = nullptr) { return Client(server->port(), 0, from); }
  Answer post(const std::string& body, const char* from = nullptr) {
    Client one = client(from);
    one.send(request_of(body));
    auto answer = one.read();
    REQUIRE(answer);
    return *answer;
  }
  size_t tips_kept() {
    return on_loop([&] { return desk_books.ledger.tips_.size(); });
  }
  /// Of the only tip, opened.
  std::vector<std::string> photos_kept() {
    return on_loop([&] {
      auto& ledger = desk_books.ledger;
      REQUIRE(ledger.tips_.size() == 1);
      const auto& [id, tip] = *ledger.tips_.begin();
      auto key = *desk::open_key(*ledger.copy(id, ana->public_half()), ana);
      std::vector<std::string> found;
      for (int n = 1; n <= tip.photos; ++n) {
        found.emplace_back(as_text(*desk::open_photo(key, *ledger.photo(id, n))));
      }
      return found;
    });
  }
  template <class Condition>
  void until(Condition condition) {
    auto end = std::chrono::steady_clock::now() + seconds(10);
    while (!on_loop(condition)) {
      if (std::chrono::steady_clock::now() > end) FAIL("the condition did not come true in 10 s");
      std::this_thread::yield();
    }
  }
};

bool has(const Answer& page, std::string_view text) {
  return page.body.find(text) != std::string::npos;
}
std::string receipt_in(const Answer& page) {
  return Page{page.status, page.body, {}}.receipt();
}

/// Takes note of what becomes of a form.
struct Notebook final : TipReception {
  std::optional<TipRefusal> count(const Request&) override { return std::nullopt; }
  Response again(const Request&, const TipForm& form) override {
    return Response::empty(form.refusal->status);
  }
  void send(const Request&, TipForm form, Responder responder) override {
    forms.push_back(std::move(form));
    responder.send(Response::empty());
  }
  std::vector<TipForm> forms;
};

/// Cleans when the test says so.
struct SlowHand final : PhotoCleaner {
  void clean(SharedBytes photo, std::function<void(Result<Bytes>)> then) override {
    work.push_back([photo = std::move(photo), then = std::move(then)] { then(*photo); });
  }
  void go_on() {
    for (auto& one : std::exchange(work, {})) one();
  }
  std::vector<std::function<void()>> work;
};

/// One form that brings a photo, while the test holds the clock.
struct SlowForm {
  explicit SlowForm(PhotoPlaces& places) {
    Request request;
    request.headers = {{"content-type", "multipart/form-data; boundary=" + kEdge}};
    request.peer = "192.0.2.1";
    upload = TipUpload::create({notes, &hand, places, clock}, request, UploadFlow({})).value();
    std::string whole = photo("");
    bring(whole.substr(0, whole.size() - 2) + std::string(1000, 'x'));  // more than may be a delimiter
  }
  UploadSink::Next bring(std::string_view text) { return upload->take(as_bytes(text)).value(); }
  /// So many bytes of a photo, so long after those before.
  void bring_more(size_t bytes, Duration after) {
    clock.advance(after);
    bring(std::string(bytes, 'x'));
  }
  /// The end of the form.
  TipForm end() {
    bring("\r\n--" + kEdge + "--\r\n");
    hand.go_on();
    upload->finish(make_responder([](const Response&) {}));
    return notes.forms.at(0);
  }

  Notebook notes;
  SlowHand hand;
  ManualClock clock;
  std::unique_ptr<TipUpload> upload;
};

}  // namespace

TEST_CASE("a form with photos becomes a tip with clean photos, in their order") {
  Counter counter;
  auto page = counter.post(form_of(photo("GPS:one") + photo("", "") + photo("GPS:two")));
  CAPTURE(page.body);
  REQUIRE(page.status == 200);
  CHECK(receipt_in(page).size() == 29);
  CHECK(counter.photos_kept() == std::vector<std::string>{"one", "two"});
  auto tip = counter.on_loop([&] { return counter.desk_books.ledger.tips_.begin()->second; });
  CHECK(tip.broadcast == "day");
  CHECK(counter.lines.empty());
}

TEST_CASE("the form of a page with photos needs none of them") {
  Counter counter;
  auto form = counter.ask(Method::kGet, "/?lang=en");
  CHECK(form.has("action=\"/send?lang=en\""));
  CHECK(form.has("enctype=\"multipart/form-data\""));
  CHECK(form.has("accept=\"image/jpeg,image/png,image/webp\" multiple"));
  auto page = counter.post(form_of(photo("", "")));  // as browsers send an empty file input
  CHECK(page.status == 200);
  CHECK(counter.photos_kept().empty());
  CHECK(counter.cleaner.asked == 0);
  // The other kind of form is read all the same.
  CHECK(counter.tip().status == 200);
}

TEST_CASE("a photo that cannot be taken is named by its number, and the text is still there") {
  Counter counter;
  struct Case {
    const char* photo;
    int status;
    const char* says;
  };
  Case one = GENERATE(Case{"just text", 422, "Photo 2: we do not understand it."},
                      Case{"GIF89a/*<script>*/", 422, "Photo 2: we do not understand it."},
                      Case{"slow", 422, "Photo 2: it took too long to read."},
                      Case{"busy", 503, "Too many are sending just now."},
                      Case{"down", 503, "Photos cannot be taken just now."});
  // Whatever comes behind it, and wherever the texts stand.
  bool texts_last = GENERATE(false, true);
  std::string photos = photo("GPS:one") + photo(one.photo) + photo("GPS:three");
  std::string body = texts_last ? photos + texts() + "--" + kEdge + "--\r\n" : form_of(photos);
  auto page = counter.post(body);
  CAPTURE(one.photo, texts_last, page.body);
  CHECK(page.status == one.status);
  CHECK(has(page, one.says));
  CHECK(has(page, "I saw it &lt; there"));
  CHECK(has(page, "href=\"#photos\""));
  CHECK(page.header("cache-control") == "no-store");
  CHECK(counter.tips_kept() == 0);
}

TEST_CASE("six photos are too many, and one of thirteen megabytes is too large") {
  Counter counter;
  std::string photos;
  SECTION("six") {
    for (int i = 0; i < 6; ++i) photos += photo("GPS:x");
    auto page = counter.post(form_of(photos));
    CHECK(page.status == 413);
    CHECK(has(page, "There may be five photos at most."));
    CHECK(has(page, "I saw it &lt; there"));
    CHECK(counter.cleaner.asked <= 5);
  }
  SECTION("thirteen megabytes") {
    auto page = counter.post(form_of(photo("GPS:x") + photo("GPS:" + std::string(13 << 20, 'x'))));
    CHECK(page.status == 413);
    CHECK(has(page, "Photo 2: it is too large (12 MB"));
    CHECK(has(page, "I saw it &lt; there"));
    CHECK(counter.cleaner.asked == 1);
  }
  CHECK(counter.tips_kept() == 0);
  // As large as may be, five of them.
  photos.clear();
  std::string largest = "GPS:" + std::string(PhotoCleaner::kMostBytes - 4, 'x');
  for (int i = 0; i < 5; ++i) photos += photo(largest);
  CHECK(counter.post(form_of(photos)).status == 200);
  CHECK(counter.tips_kept() == 1);
  CHECK(counter.cleaner.most_at_once == 1);
}

TEST_CASE("a form that does not arrive whole is no tip") {
  Counter counter;
  std::string body = form_of(photo("GPS:one"));
  SECTION("its last delimiter is missing") {
    auto page = counter.post(body.substr(0, body.size() - 4));
    CHECK(page.status == 400);
    CHECK(has(page, "did not arrive whole"));
    CHECK(has(page, "I saw it &lt; there"));
  }
  SECTION("it is no form at all") {
    CHECK(counter.post("nothing of a form").status == 400);
    CHECK(counter.post(part("text", "\xff")).status == 400);
    std::string many;
    for (int i = 0; i < 20; ++i) many += part("field" + std::to_string(i), "x");
    CHECK(counter.post(many).status == 413);
    Client client = counter.client();
    client.send("POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
    CHECK(client.read()->status == 400);
    Client json = counter.client();
    json.send(
        "POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data\r\nContent-Length: 1\r\n\r\nx");
    CHECK(json.read()->status == 400);
  }
  SECTION("its sender leaves") {
    {
      Client client = counter.client();
      client.send(request_of(body).substr(0, 900));
      counter.until([&] { return counter.server->counters().requests >= 1; });
    }
    counter.until([&] { return counter.server->counters().clients_left == 1; });
  }
  CHECK(counter.tips_kept() == 0);
}

TEST_CASE("ten gigabytes are refused at once by their length, and at the bound without one, in words") {
  Counter counter;
  SECTION("by length") {
    Client client = counter.client();
    client.send(head("Content-Length: 10737418240", "/send?lang=en"));
    auto page = client.read().value();
    CHECK(page.status == 413);
    CHECK(has(page, "This was too much to take."));
    CHECK(has(page, "<html lang=\"en\">"));
    CHECK(page.header("connection") == "close");
  }
  SECTION("in chunks") {
    Client client = counter.client();
    std::string open = texts() + "--" + kEdge +
                       "\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"x\"\r\n\r\n";
    client.send(head("Transfer-Encoding: chunked") + fmt::format("{:x}\r\n{}\r\n", open.size(), open));
    std::string chunk = "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
    int sent = 0;
    while (sent < 10'240 && client.send(chunk)) ++sent;
    CHECK(sent <= 200);  // megabytes: the bound, lingering, and socket buffers
    auto page = client.read().value();
    CHECK(page.status == 413);
    CHECK(has(page, "Photo 1: it is too large"));
    CHECK(has(page, "I saw it &lt; there"));
  }
  SECTION("of text") {
    auto page = counter.post(part("text", std::string(600'000, 'x')) + "--" + kEdge + "--\r\n");
    CHECK(page.status == 413);
    Client client = counter.client();
    client.send(
        "POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 600000\r\n\r\n" +
        std::string(600'000, 'x'));
    CHECK(client.read()->status == 413);
  }
  CHECK(counter.tips_kept() == 0);
}

TEST_CASE("an upload that comes too slowly is cut off with its text still there") {
  Counter counter;
  std::string body = form_of(photo("GPS:" + std::string(100'000, 'x')));
  Client client = counter.client();
  client.send(request_of(body).substr(0, 2000));
  counter.until([&] { return counter.server->counters().requests == 1; });
  std::optional<Answer> page;
  std::jthread clock([&](const std::stop_token& stop) {
    // Waits of the server go by its clock.
    while (!stop.stop_requested()) counter.on_loop([&] { counter.clock.advance(milliseconds(200)); });
  });
  page = client.read();
  clock.request_stop();
  clock.join();
  REQUIRE(page);
  CHECK(page->status == 408);
  CHECK(has(*page, "It came too slowly"));
  CHECK(has(*page, "I saw it &lt; there"));
}

TEST_CASE("photos count as tips before they are read; texts are read all the same") {
  Counter counter;
  for (size_t i = 0; i < kPerAddress; ++i) CHECK(counter.post(form_of(photo("GPS:x"))).status == 200);
  int asked = counter.cleaner.asked;
  auto page = counter.post(form_of(photo("GPS:" + std::string(1 << 20, 'x'))));
  CHECK(page.status == 429);
  CHECK(has(page, "I saw it &lt; there"));
  CHECK(counter.cleaner.asked == asked);
  CHECK(counter.post(form_of("")).status == 429);
  CHECK(counter.post(form_of(photo("GPS:x")), "127.4.4.4").status == 200);
}

TEST_CASE("changing the language throws photos away uncounted, and says so") {
  Counter counter;
  for (size_t i = 0; i < kPerAddress + 1; ++i) {
    auto page = counter.post(part("switch", "zh-CN") + form_of(photo("GPS:x") + photo("GPS:y")));
    CHECK(page.status == 200);
    CHECK(has(page, "<html lang=\"zh-CN\">"));
    CHECK(has(page, "I saw it &lt; there"));
    CHECK(has(page, "请重新选择照片"));
    page = counter.post(part("switch", "zh-CN") + form_of(""));
    CHECK(page.status == 200);
    CHECK_FALSE(has(page, "请重新选择照片"));
  }
  CHECK(counter.cleaner.asked == 0);
  CHECK(counter.tips_kept() == 0);
  CHECK(counter.post(form_of(photo("GPS:x"))).status == 200);
}

TEST_CASE("whatever a form with photos comes back for, it says that they are to be chosen again") {
  Counter counter;
  const std::string_view words = "Your photos were not kept. Choose your photos again.";
  const std::string photos = photo("", "") + photo("GPS:x");
  const std::string_view not_on = "2026-12-01T08:00:00";
  auto comes_back = [&](const Answer& page, int status) {
    CAPTURE(page.body);
    CHECK(page.status == status);
    CHECK(has(page, words));
    CHECK(has(page, "href=\"#photos\""));
    CHECK(has(page, "id=\"photos-wrong\""));
    CHECK(has(page, "I saw it &lt; there"));
  };
  SECTION("a moment at which nothing was on") {
    comes_back(counter.post(form_of(photos, not_on)), 422);
    comes_back(counter.post(photos + form_of("", not_on)), 422);
  }
  SECTION("too many of them") {
    for (size_t i = 0; i < kPerAddress; ++i) REQUIRE(counter.post(form_of(photos)).status == 200);
    comes_back(counter.post(form_of(photos)), 429);
  }
  SECTION("it cannot be stored") {
    counter.on_loop([&] { counter.desk_books.before = [&] { counter.desk_books.ledger.root_.reset(); }; });
    comes_back(counter.post(form_of(photos)), 503);
  }
  SECTION("nobody is there to read it") {
    counter.on_loop([&] { counter.desk_books.ledger.root_.reset(); });
    comes_back(counter.post(form_of(photos)), 503);
  }
  SECTION("the language was changed, which only comes behind them") {
    auto page = counter.post(photos + part("switch", "zh-CN") + form_of(""));
    CHECK(page.status == 200);
    CHECK(has(page, "照片没有保留，请重新选择照片。"));
  }
  SECTION("it does not arrive whole") {
    std::string body = form_of(photos);
    comes_back(counter.post(body.substr(0, body.size() - 4)), 400);
  }
  SECTION("none were brought, or what is wrong with them says it") {
    CHECK_FALSE(has(counter.post(form_of("", not_on)), words));
    CHECK_FALSE(has(counter.post(form_of(photo("", ""), not_on)), words));
    CHECK_FALSE(has(counter.post(form_of(photo("down"))), words));
    CHECK_FALSE(has(counter.post(form_of(photo("busy"))), words));
    CHECK_FALSE(has(counter.post(form_of(photo("just text"))), words));
  }
}

TEST_CASE("photos wait for their place in memory, and a crowd behind one address leaves room for others") {
  Counter counter;
  counter.on_loop([&] { counter.cleaner.holds = true; });
  std::vector<Client> crowd;
  for (size_t i = 0; i < TipSite::kPhotoPlacesOfOne + 2; ++i) {
    crowd.push_back(counter.client("127.5.5.5"));
    crowd.back().send(request_of(form_of(photo("GPS:crowd"))));
  }
  counter.until([&] { return counter.server->counters().requests == TipSite::kPhotoPlacesOfOne + 2; });
  counter.until([&] { return counter.cleaner.working == static_cast<int>(TipSite::kPhotoPlacesOfOne); });
  Client other = counter.client("127.6.6.6");
  other.send(request_of(form_of(photo("GPS:other"))));
  counter.until([&] { return counter.cleaner.working == static_cast<int>(TipSite::kPhotoPlacesOfOne) + 1; });
  counter.on_loop([&] {
    counter.cleaner.holds = false;
    counter.cleaner.go_on();
  });
  CHECK(other.read()->status == 200);
  for (auto& one : crowd) CHECK(one.read()->status == 200);
  CHECK(counter.cleaner.most_at_once == static_cast<int>(TipSite::kPhotoPlacesOfOne) + 1);
  CHECK(counter.tips_kept() == TipSite::kPhotoPlacesOfOne + 3);
}

TEST_CASE("two addresses that send as slowly as may be do not keep the photos of others out") {
  Counter counter;
  std::vector<Client> slow;
  // Each piece ends with the delimiter that says that its photo is over.
  const std::string delimiter = "--" + kEdge + "\r\n";
  auto piece = [&](std::string_view name) { return photo(name).substr(delimiter.size()) + delimiter; };
  std::string start = texts() + delimiter + piece("GPS:one");
  std::string end = part("end", "").substr(delimiter.size()) + "--" + kEdge + "--\r\n";
  std::string all = start + piece("GPS:two") + piece("GPS:three") + end;
  for (size_t i = 0; i < TipSite::kPhotoPlaces; ++i) {
    slow.push_back(counter.client(i < TipSite::kPhotoPlacesOfOne ? "127.5.5.5" : "127.5.5.6"));
    slow.back().send(head(fmt::format("Content-Length: {}", all.size())) + start);
  }
  auto photos_taken = [&](int of_each) {
    int all_of_them = of_each * static_cast<int>(TipSite::kPhotoPlaces);
    counter.until(
        [&, all_of_them] { return counter.cleaner.asked == all_of_them && counter.cleaner.working == 0; });
  };
  photos_taken(1);
  Client other = counter.client("127.200.1.1");
  other.send(request_of(form_of(photo("GPS:other"))));
  counter.until([&] { return counter.server->counters().requests == TipSite::kPhotoPlaces + 1; });
  // Each pause is as long as a body may make it.
  for (const char* name : {"GPS:two", "GPS:three"}) {
    counter.on_loop([&] { counter.clock.advance(seconds(9)); });
    for (auto& one : slow) one.send(piece(name));
    if (std::string_view(name) == "GPS:two") photos_taken(2);
  }
  counter.until([&] { return counter.desk_books.ledger.tips_.size() == 1; });
  CHECK(other.read()->status == 200);
  // One has lost its turn to it; the others have nobody to give theirs to.
  std::vector<std::string> refused;
  refused.reserve(slow.size());
  for (auto& one : slow) {
    one.send(end);
    auto page = one.read();
    REQUIRE(page);
    if (page->status != 200) refused.push_back(page->body);
    if (page->status != 200) CHECK(page->status == 503);
  }
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].find("your photos came too slowly. Send without them now.") != std::string::npos);
  CHECK(refused[0].find("href=\"#photos\"") != std::string::npos);
  CHECK(refused[0].find("I saw it &lt; there") != std::string::npos);
  CHECK(counter.lines.empty());
}

TEST_CASE("a slow sender loses their turn at photos only while somebody waits for it") {
  PhotoPlaces places(1, 1);
  SlowForm form(places);
  auto nothing = [] {};
  form.bring_more(1000, seconds(300));  // alone
  std::optional<PhotoPlaces::Place> other;
  SECTION("nobody waits") {}
  SECTION("somebody waited, and left") {
    other.emplace(places, "192.0.2.2", nothing);
    other.reset();
  }
  SECTION("somebody waits") {
    other.emplace(places, "192.0.2.2", nothing);
  }
  bool waited = other.has_value();
  form.bring_more(1000, seconds(1));
  CHECK((other && other->has_turn()) == waited);
  auto sent = form.end();
  CHECK(sent.refusal.has_value() == waited);
  CHECK(sent.photos.size() == (waited ? 0 : 1));
}

TEST_CASE(
    "who keeps up has a minute of photos while others wait, and is not charged with the server's time") {
  PhotoPlaces places(1, 1);
  SlowForm form(places);
  PhotoPlaces::Place other(places, "192.0.2.2", [] {});
  SECTION("a minute") {
    for (int second = 0; second < 60; ++second) form.bring_more(PhotoPlaces::kLeastRate, seconds(1));
    CHECK_FALSE(other.has_turn());
    form.bring_more(PhotoPlaces::kLeastRate, seconds(1));
    CHECK(other.has_turn());
    CHECK(form.end().refusal->problem.what.en == phrase::kTooSlowNow.en);
  }
  SECTION("it comes slower than that after its first ten seconds") {
    form.bring_more(1, seconds(10));
    CHECK_FALSE(other.has_turn());
    form.bring_more(1, seconds(1));
    CHECK(other.has_turn());
  }
  SECTION("the server takes a minute") {
    REQUIRE(form.bring("GPS:x\r\n" + photo("GPS:y")) == UploadSink::Next::kWait);
    form.clock.advance(seconds(61));
    while (!form.hand.work.empty()) form.hand.go_on();
    form.bring_more(1, seconds(1));
    CHECK_FALSE(other.has_turn());
  }
}

TEST_CASE("who waits behind their own forms takes no turn of another's, and none before a newcomer") {
  auto nothing = [] {};
  PhotoPlaces places(4, 2);
  PhotoPlaces roomy(4, 2);
  std::optional<PhotoPlaces::Place> crowd[3];
  for (auto& one : crowd) one.emplace(places, "192.0.2.1", nothing);
  std::optional<PhotoPlaces::Place> others[3];
  for (auto& one : others) one.emplace(places, "192.0.2.2", nothing);
  PhotoPlaces::Place quick(places, "192.0.2.3", nothing);
  CHECK_FALSE(quick.has_turn());
  crowd[0].reset();
  CHECK(quick.has_turn());
  CHECK_FALSE(crowd[2]->has_turn());
  // Here only for a turn of their own.
  PhotoPlaces::Place alone(roomy, "192.0.2.4", nothing);
  for (auto& one : crowd) one.emplace(roomy, "192.0.2.1", nothing);
  REQUIRE_FALSE(crowd[2]->has_turn());
  alone.brought(0, seconds(100));
  crowd[0]->brought(0, seconds(100));
  CHECK_FALSE(alone.is_over());
  CHECK(crowd[0]->is_over());
}

TEST_CASE("an IPv6 network has the places of one caller") {
  PhotoPlaces places(8, 2);
  auto nothing = [] {};
  std::optional<PhotoPlaces::Place> first(std::in_place, places, "2001:db8:1:2::1", nothing);
  PhotoPlaces::Place second(places, "2001:db8:1:2::2", nothing);
  PhotoPlaces::Place third(places, "2001:db8:1:2:ffff::3", nothing);
  PhotoPlaces::Place elsewhere(places, "2001:db8:1:3::1", nothing);
  CHECK(first->has_turn());
  CHECK(second.has_turn());
  CHECK_FALSE(third.has_turn());
  CHECK(elsewhere.has_turn());
  first.reset();
  CHECK(third.has_turn());
}

TEST_CASE("forms that one address leaves half sent do not shut the site for others") {
  HttpOptions options;
  options.unbounded = {};  // this machine counts like any other
  Counter counter(true, options);
  std::string half = request_of(form_of(""));
  half.resize(half.size() - 10);
  std::vector<Client> slow;
  for (size_t i = 0; i < TipSite::kUploadsOfOne; ++i) {
    slow.push_back(counter.client("127.7.7.7"));
    slow.back().send(half);
  }
  counter.until([&] { return counter.server->counters().requests == TipSite::kUploadsOfOne; });
  CHECK(counter.post(form_of(""), "127.7.7.7").status == 503);
  CHECK(counter.post(form_of(""), "127.7.7.8").status == 200);
  CHECK(TipSite::kMostUploads >= 20 * TipSite::kUploadsOfOne);
}

TEST_CASE("whoever leaves before their receipt, to send again, has one tip and not two") {
  Counter counter;
  counter.on_loop([&] { counter.cleaner.holds = true; });
  std::string body = form_of(photo("GPS:one"));
  {
    Client impatient = counter.client();
    impatient.send(request_of(body));
    counter.until([&] { return counter.cleaner.working == 1; });
  }
  counter.on_loop([&] {
    counter.cleaner.holds = false;
    counter.cleaner.go_on();
  });
  counter.until([&] { return counter.server->counters().clients_left == 1; });
  CHECK(counter.post(body).status == 200);
  CHECK(counter.tips_kept() == 1);
  // While it is being sealed: the thread that does it is asked, and then the sender leaves.
  bool waits = true;
  std::optional<Result<std::string>> receipt;
  counter.on_loop([&] {
    counter.tips->send(
        {{"lead", "text", "", std::nullopt}, "", {}}, [&] { return waits; },
        [&](Result<std::string> made) { receipt = std::move(made); });
    waits = false;
  });
  counter.on_loop([&] {
    counter.tips->send(
        {{"lead", "text", "", std::nullopt}, "", {}}, [] { return true; },
        [&](Result<std::string> made) { receipt = std::move(made); });
  });
  counter.until([&] { return receipt.has_value(); });
  CHECK(receipt->has_value());
  CHECK(counter.tips_kept() == 2);
}

TEST_CASE("a server that takes no photos says so, and keeps the text") {
  Counter counter(false);
  auto page = counter.post(form_of(photo("GPS:one")));
  CHECK(page.status == 422);
  CHECK(has(page, "Photos cannot be taken just now."));
  CHECK_FALSE(has(page, "#photos"));  // there is no such field
  CHECK(has(page, "I saw it &lt; there"));
  CHECK(counter.post(form_of("")).status == 200);
}
