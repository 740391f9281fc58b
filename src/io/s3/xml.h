// Reads the small XML documents that object stores answer with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::io {

struct XmlElement {
  std::string name;  // with its prefix, if it has one
  std::string text;  // of the element itself, without that of its children
  std::vector<XmlElement> children;

  // The first child of that name; null when there is none.
  const XmlElement* Child(std::string_view child_name) const;
  // The text of that child, without blanks around it; empty when there is none.
  std::string ChildText(std::string_view child_name) const;
};

// The root element. kCorrupt for anything that is not well-formed, nests too deep or has a DOCTYPE
// (which no store sends, and which can define entities that blow up).
Result<XmlElement> ParseXml(std::string_view text);

// The text with &, <, > and quotes escaped.
std::string EscapeXml(std::string_view text);

}  // namespace leat::io
