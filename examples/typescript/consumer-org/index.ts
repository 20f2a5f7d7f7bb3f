// An organization that receives data: storage with a landing container, a vault, and a Data Share account that may
// write.
import * as crossorg from "@crossorg/crossorg";

const fabrikam = new crossorg.ConsumerOrg("fabrikam", { location: "eastus" });

export const landingContainer = fabrikam.landingContainer;
export const blobEndpoint = fabrikam.blobEndpoint;
