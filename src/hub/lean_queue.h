// A queue that holds next to nothing while it is empty: there is one in every socket of a full room.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace openday::hub {

/// First in, first out. What std::deque does, without the half kilobyte that it keeps when it is empty. Not
/// bounded: its user is.
template <class T>
class LeanQueue {
 public:
  using iterator = typename std::vector<T>::iterator;
  using const_iterator = typename std::vector<T>::const_iterator;

  [[nodiscard]] bool empty() const { return head_ == items_.size(); }
  [[nodiscard]] size_t size() const { return items_.size() - head_; }
  iterator begin() { return items_.begin() + static_cast<ptrdiff_t>(head_); }
  iterator end() { return items_.end(); }
  [[nodiscard]] const_iterator begin() const { return items_.begin() + static_cast<ptrdiff_t>(head_); }
  [[nodiscard]] const_iterator end() const { return items_.end(); }
  T& front() { return items_[head_]; }

  void push_back(T item) {
    // The places of those that have gone are given back before the vector grows for them.
    if (items_.size() == items_.capacity() && head_ > items_.size() / 2) {
      items_.erase(items_.begin(), begin());
      head_ = 0;
    }
    items_.push_back(std::move(item));
  }
  void pop_front() {
    items_[head_++] = T();
    if (empty()) clear();
  }
  iterator erase(iterator at) { return items_.erase(at); }
  void clear() {
    head_ = 0;
    if (items_.capacity() > kKept) {
      items_ = {};
    } else {
      items_.clear();
    }
  }

 private:
  static constexpr size_t kKept = 2;  // places that an empty queue keeps
  std::vector<T> items_;
  size_t head_ = 0;
};

}  // namespace openday::hub
