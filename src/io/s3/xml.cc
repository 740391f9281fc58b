#include "io/s3/xml.h"

#include <expat.h>

#include <memory>
#include <type_traits>

#include "base/text.h"
#include "io/s3/limits.h"

namespace leat::io {
namespace {

struct Reader {
  XML_Parser parser = nullptr;
  XmlElement document;            // its only child is the root
  std::vector<XmlElement*> open;  // from the document to the innermost element
  std::string refusal;            // why the reading was stopped

  void Stop(std::string reason) {
    refusal = std::move(reason);
    XML_StopParser(parser, XML_FALSE);
  }
};

void XMLCALL OnStart(void* reader_pointer, const XML_Char* name, const XML_Char** /*attributes*/) {
  auto& reader = *static_cast<Reader*>(reader_pointer);
  if (static_cast<int>(reader.open.size()) > kMaxXmlDepth) return reader.Stop("it nests too deep");
  // Only the innermost element's children grow, so that the pointers to the outer ones stay valid.
  std::vector<XmlElement>& siblings = reader.open.back()->children;
  siblings.push_back({.name = name});
  reader.open.push_back(&siblings.back());
}

void XMLCALL OnEnd(void* reader_pointer, const XML_Char* /*name*/) {
  static_cast<Reader*>(reader_pointer)->open.pop_back();
}

void XMLCALL OnText(void* reader_pointer, const XML_Char* text, int size) {
  static_cast<Reader*>(reader_pointer)
      ->open.back()
      ->text.append(text, static_cast<std::size_t>(size));
}

void XMLCALL OnDoctype(void* reader_pointer, const XML_Char* /*name*/, const XML_Char* /*system*/,
                       const XML_Char* /*public_id*/, int /*has_internal_subset*/) {
  static_cast<Reader*>(reader_pointer)->Stop("it has a DOCTYPE");
}

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child_name) const {
  for (const XmlElement& child : children) {
    if (child.name == child_name) return &child;
  }
  return nullptr;
}

std::string XmlElement::ChildText(std::string_view child_name) const {
  const XmlElement* child = Child(child_name);
  return child == nullptr ? std::string() : std::string(Trim(child->text));
}

Result<XmlElement> ParseXml(std::string_view text) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(
      XML_ParserCreate(nullptr), &XML_ParserFree);
  if (parser == nullptr) return RetryLater("not enough memory to read an XML answer");
  if (text.size() > kMaxXmlBytes) return Corrupt("the XML answer is too long");
  Reader reader{.parser = parser.get()};
  reader.open.push_back(&reader.document);
  XML_SetUserData(parser.get(), &reader);
  XML_SetElementHandler(parser.get(), OnStart, OnEnd);
  XML_SetCharacterDataHandler(parser.get(), OnText);
  XML_SetStartDoctypeDeclHandler(parser.get(), OnDoctype);
  const XML_Status status =
      XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
  if (status != XML_STATUS_OK) {
    const std::string reason =
        reader.refusal.empty() ? XML_ErrorString(XML_GetErrorCode(parser.get())) : reader.refusal;
    return Corrupt("the XML answer cannot be read: " + reason + " in its line " +
                   std::to_string(XML_GetCurrentLineNumber(parser.get())));
  }
  return std::move(reader.document.children.front());
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace leat::io
