// The keys of objects that become rows or structs: which field each is, found without a look-up as
// long as keys come in the order of the object before.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace leat::connect {

// Not thread-safe.
class JsonKeys {
 public:
  static constexpr int kUnknown = -1;
  struct Key {
    std::string raw;   // as it stands in the file, with the quote that ends it
    std::string name;  // without escapes
    int field = kUnknown;
    std::size_t number = 0;  // the same for keys that differ only in case
    Key* next = nullptr;     // that came behind it the last time
    bool is_storable() const { return !name.empty() && name.find('\0') == std::string::npos; }
  };

  // Before the first object. Names are compared without case.
  void Add(std::string_view name, int field);

  void BeginObject();
  // The key whose text begins behind a quote at `raw`, in a text that ends at `end`. Nullptr: its
  // escapes are not valid.
  const Key* Next(const char* raw, const char* end);
  // What Next gave in this object for the same name, in any case; nullptr: it is new.
  const Key* Earlier(const Key& key);
  // Whether the object has had a key of that field.
  bool Has(int field) const { return last_[static_cast<std::size_t>(field)] == object_; }

 private:
  Key* LookUp(std::string_view raw);
  void ForgetUnknown();

  std::deque<Key> keys_;  // stable addresses
  std::unordered_map<std::string_view, Key*> by_raw_;
  std::unordered_map<std::string, std::size_t> numbers_;  // by the name in lower case
  std::vector<int> fields_;                               // by number, those of Add
  std::vector<std::uint64_t> last_;                       // by field: the object that had it
  struct Seen {
    std::uint64_t object = 0;
    const Key* key = nullptr;
  };
  std::vector<Seen> seen_;  // by number
  Key first_;               // its next is the key that began the last object
  Key* before_ = nullptr;
  std::uint64_t object_ = 0;
};

}  // namespace leat::connect
