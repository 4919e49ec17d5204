#include "wrap/curl/curl.h"

#include <curl/curl.h>

#include <memory>

namespace openday::wrap {
namespace {

constexpr size_t kMostBody = 16 * 1024 * 1024;

size_t collect(char* data, size_t size, size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kMostBody) return 0;  // libcurl then ends the transfer with an error
  body.append(data, size * count);
  return size * count;
}

}  // namespace

Result<HttpAnswer> http_request(const std::string& method, const std::string& url,
                                const std::vector<std::string>& headers, const std::string& body,
                                std::chrono::milliseconds patience, const std::string& pin) {
  std::unique_ptr<CURL, void (*)(CURL*)> request(curl_easy_init(), curl_easy_cleanup);
  if (!request) return fail(Errc::kInternal, "libcurl could not be set up");
  curl_slist* list = nullptr;
  for (const auto& header : headers) list = curl_slist_append(list, header.c_str());
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> keep(list, curl_slist_free_all);

  HttpAnswer answer;
  CURL* c = request.get();
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(patience.count()));
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer.body);
  if (!pin.empty()) {
    curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, ("sha256//" + pin).c_str());
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!body.empty()) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  }
  CURLcode code = curl_easy_perform(c);
  if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) return fail(Errc::kRefused, url + ": has another TLS key");
  if (code != CURLE_OK) return fail(Errc::kIo, url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace openday::wrap
