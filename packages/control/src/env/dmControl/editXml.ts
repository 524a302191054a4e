import { DOMParser, type Document, type Element, XMLSerializer } from "@xmldom/xmldom";

/** Changes a model's XML. */
export function editXml(xml: string, edit: (model: ModelXml) => void): string {
  const model = new ModelXml(new DOMParser().parseFromString(xml, "text/xml"));
  edit(model);
  return new XMLSerializer().serializeToString(model.document);
}

/** An MJCF document with the few operations that the suite's models are made by. */
export class ModelXml {
  readonly document: Document;

  constructor(document: Document) {
    this.document = document;
  }

  /** All elements of a tag, in the document's order. */
  all(tag: string): Element[] {
    return [...this.document.getElementsByTagName(tag)];
  }

  /** The element of a tag and name. */
  named(tag: string, name: string): Element {
    const element = this.all(tag).find((each) => each.getAttribute("name") === name);
    if (element === undefined) throw new Error(`the model has no ${tag} "${name}"`);
    return element;
  }

  /** Takes the elements of a tag that have one of the names out of the model. */
  remove(tag: string, ...names: readonly string[]): void {
    for (const name of names) removeElement(this.named(tag, name));
  }

  /** Appends an element with attributes to another; to the root where that is left out. */
  append(
    parent: Element | undefined,
    tag: string,
    attributes: Readonly<Record<string, string | number>> = {},
  ): Element {
    const element = this.document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
    (parent ?? this.document.documentElement)?.appendChild(element);
    return element;
  }
}

/** Takes an element out of its document. */
export function removeElement(element: Element): void {
  element.parentNode?.removeChild(element);
}
